import { count, milliseconds, money, percent, words } from "../../format.ts";
import type { TryMutation } from "../../graphql/generated/graphql.ts";
import { ExplanationShown } from "./explanation-shown.tsx";
import type { GivenInput } from "./input-field.tsx";
import { NumbersAnswered } from "./numbers-answered.tsx";
import { TaggedText } from "./tagged-text.tsx";

type Answered = TryMutation["infer"];
type Output = Answered["outputs"][number];

interface AnswerProps {
  inference: Answered;
  /** What it was asked with. */
  input: GivenInput;
  currency: string | undefined;
}

/** What the model said, what carried it, how long it took and what it cost. */
export function Answer({ inference, input, currency }: AnswerProps) {
  const [output] = inference.outputs;
  if (output === undefined) return null;
  const text = "text" in input ? input.text : undefined;
  return (
    <div className="stack">
      <div role="status" className="stack">
        <Said output={output} text={text} labels={inference.version.labels} />
      </div>
      {output.truncated ? (
        <p className="dim small">The text was longer than the model takes: its end was left out.</p>
      ) : null}
      {output.explanation === null ? null : <ExplanationShown explanation={output.explanation} text={text} />}
      <Facts inference={inference} currency={currency} />
    </div>
  );
}

function Said({ output, text, labels }: { output: Output; text: string | undefined; labels: readonly string[] }) {
  if (output.tokens !== null) return <TaggedText text={text ?? ""} tokens={output.tokens} labels={labels} />;
  return (
    <>
      {output.label === "" ? null : (
        <>
          <div className="verdict">
            <span className="verdict-label">{output.label}</span>
            <span className="dim">{percent(output.score, 1)} sure</span>
          </div>
          <ul className="scores">
            {output.scores.map(({ label, score }) => (
              <li key={label}>
                <span>{label}</span>
                <meter className="limit-bar" aria-label={`Score of ${label}`} min={0} max={1} value={score} />
                <span className="dim">{percent(score, 1)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {output.tensors === null ? null : <NumbersAnswered tensors={output.tensors} />}
    </>
  );
}

function Facts({ inference, currency }: { inference: Answered; currency: string | undefined }) {
  const { alias, version, timing, usage } = inference;
  const amount = usage.reduce((sum, used) => sum + BigInt(used.amount), 0n);
  const facts: [string, string][] = [
    ["Version", `${version.version}${alias === null ? "" : ` by ${alias}`}`],
    ["In all", milliseconds(timing.totalMs)],
    ["Waited", milliseconds(timing.queueMs)],
    ["Ran", milliseconds(timing.runMs)],
    ["Batch", `${count(timing.batchSize)} on ${timing.provider}`],
    ["Charged", usage.map(({ quantity, meter }) => `${count(quantity)} ${words(meter).toLowerCase()}`).join(", ")],
    ["Cost", money(amount, currency)],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt className="dim small">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
