import { Progress as Bar } from "@mantine/core";
import { Link } from "wouter";
import { Badge, type Tone } from "../../components/page.tsx";
import { percent } from "../../format.ts";
import type { Progress, Registration } from "./registration.tsx";
import { sentence } from "./version-state.tsx";

type StepState = "BEFORE" | "NOW" | "DONE" | "FAILED";

interface Step {
  name: string;
  explains: string;
  state: StepState;
  share?: number;
}

const tones: Record<StepState, Tone> = { BEFORE: "plain", NOW: "warn", DONE: "good", FAILED: "bad" };
const marks: Record<StepState, string> = { BEFORE: "To come", NOW: "Now", DONE: "Done", FAILED: "Refused" };

/** What has been done with the file, what is being done, and what it was refused for. */
export function RegistrationSteps({ registration: { progress, model } }: { registration: Registration }) {
  return (
    <div className="stack" aria-live="polite">
      <ol className="steps">
        {stepsOf(progress).map(({ name, explains, state, share }) => (
          <li key={name}>
            <span className="row">
              <Badge tone={tones[state]}>{marks[state]}</Badge>
              <span className="strong">{name}</span>
              {share === undefined ? null : <span className="dim small">{percent(share)}</span>}
            </span>
            <span className="dim small">{explains}</span>
            {share === undefined ? null : <Bar value={share * 100} size="sm" aria-label={name} />}
          </li>
        ))}
      </ol>
      {progress.step === "READY" ? (
        <p role="status">
          Version {progress.version.version} of{" "}
          <Link className="text-link" href={`/models/${encodeURIComponent(model)}`}>
            {model}
          </Link>{" "}
          is ready. Point an alias at it, or start a canary.
        </p>
      ) : null}
      {progress.step === "REFUSED" ? (
        <div className="failure" role="alert">
          <div>
            <p className="failure-title">It was not accepted</p>
            <p>{sentence(progress.reason)}</p>
          </div>
        </div>
      ) : null}
    </div>
  );
}

const phases = ["HASHING", "SENDING", "SCANNING", "VALIDATING", "WARMING"] as const;
type Phase = (typeof phases)[number];

const texts: Record<Phase, { name: string; explains: string }> = {
  HASHING: { name: "Fingerprint", explains: "The file's sha-256, computed here." },
  SENDING: { name: "Upload", explains: "Checked against the fingerprint while it comes in." },
  SCANNING: { name: "Scan", explains: "Read byte for byte, before anything runs it." },
  VALIDATING: { name: "Signature", explains: "What the manifest says, against what the graph says." },
  WARMING: { name: "Trial", explains: "Loaded in a fenced process, its golden samples run and compared." },
};

const checks = { name: "Checks", explains: "Scan, signature and trial." };

function stepsOf(progress: Progress): Step[] {
  const at = phases.indexOf(phaseOf(progress));
  const step = (phase: Phase, index: number): Step => ({
    ...texts[phase],
    ...("share" in progress && index === at ? { share: progress.share } : {}),
    state: stateAt(index - at, progress),
  });
  // In which of the checks it was refused, its reason says.
  if (progress.step === "REFUSED" && progress.at === "SCANNING")
    return [...phases.slice(0, 2).map(step), { ...checks, state: "FAILED" }];
  return phases.map(step);
}

function stateAt(distance: number, { step }: Progress): StepState {
  if (step === "READY" || distance < 0) return "DONE";
  if (distance > 0) return "BEFORE";
  return step === "REFUSED" ? "FAILED" : "NOW";
}

function phaseOf(progress: Progress): Phase {
  switch (progress.step) {
    case "FORM":
    case "HASHING":
      return "HASHING";
    case "SENDING":
      return "SENDING";
    case "CHECKED":
      return phases.find((phase) => phase === progress.version?.state) ?? "SCANNING";
    case "REFUSED":
      return progress.at;
    case "READY":
      return "WARMING";
  }
}
