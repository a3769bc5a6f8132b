import { type Manifest, parseManifest } from "./manifest.ts";
import { type GraphSignature, signatureProblems } from "./onnx-signature.ts";
import type { WantedVersion } from "./wanted-version.ts";

export interface Completion {
  wanted: WantedVersion;
  /** As it is registered. */
  name: string;
  version: number;
  digest: string;
  task: string;
  description: string;
  graph: GraphSignature;
}

/**
 * Makes the manifest whole: what was not given is read from the graph. Golden samples that were not given are missing
 * still; they are recorded from the answers of the loaded version.
 */
export function completeManifest(completion: Completion): { manifest: Manifest } | { problem: string } {
  const { wanted, graph } = completion;
  const given = wanted.manifest ?? {};
  const output = given["output"] ?? outputOf(wanted, graph);
  const parsed = parseManifest({
    manifestVersion: 1,
    batching: { maxInputs: 64, padding: "NONE" },
    golden: { tolerance: 0, samples: [] },
    signature: { inputs: graph.inputs, outputs: graph.outputs },
    ...given,
    output,
    labels: wanted.labels ?? given["labels"] ?? [],
    description: completion.description,
    task: completion.task,
    name: completion.name,
    version: completion.version,
    sha256: completion.digest,
  });
  if ("problem" in parsed) return { problem: `the manifest is not right: ${parsed.problem}` };
  const [mismatch] = signatureProblems(parsed.manifest.signature, graph);
  if (mismatch !== undefined) return { problem: mismatch };
  const { preprocessing, signature } = parsed.manifest;
  if (preprocessing === undefined && signature.inputs.length > 1) {
    const names = signature.inputs.map(({ name }) => `"${name}"`).join(", ");
    return { problem: `the graph takes ${names}; without a recipe that fills them, a version takes one input` };
  }
  return parsed;
}

function outputOf(wanted: WantedVersion, graph: GraphSignature): { tensor: string; semantics: string } {
  const scores = graph.outputs.find((candidate) => candidate.dtype === "float32") ?? graph.outputs[0];
  return { tensor: scores?.name ?? "", semantics: wanted.semantics ?? "VALUES" };
}
