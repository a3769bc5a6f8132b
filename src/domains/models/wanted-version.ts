import { z } from "zod";
import { TollgateError } from "../../core/errors.ts";
import { outputSemantics, servedTasks } from "./manifest.ts";

/** What somebody registers a version with; stored beside the version until its manifest is whole. */
export type WantedVersion = z.infer<typeof wantedVersionSchema>;

/** The manifest as far as it is given. What is missing is read from the graph, or recorded from its answers. */
const partialManifest = z.record(z.string(), z.unknown());

export const wantedVersionSchema = z.strictObject({
  description: z.string().optional(),
  manifest: partialManifest.optional(),
  task: z.string().optional(),
  labels: z.array(z.string()).optional(),
  semantics: z.enum(outputSemantics).optional(),
});

export interface RegistrationRequest extends WantedVersion {
  model: string;
  digest: string;
  version: number | undefined;
}

const maxManifestBytes = 4 * 1024 * 1024;

/** Throws INVALID_INPUT for what no version can be registered with. */
export function checkRegistration(request: RegistrationRequest): RegistrationRequest & { task: string | undefined } {
  const { model, digest, manifest = {}, labels } = request;
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(model))
    throw invalid(`model is ${JSON.stringify(model)}; a name has 1 to 63 characters: a-z first, then a-z, 0-9 and -.`);
  if (!/^[0-9a-f]{64}$/.test(digest)) throw invalid("digest is not a sha-256: 64 characters of 0-9 and a-f.");
  checkDescription(request.description);
  if (Buffer.byteLength(JSON.stringify(manifest)) > maxManifestBytes)
    throw invalid(`manifest has more than ${maxManifestBytes / 1024 / 1024} MB.`);
  if (labels !== undefined) checkLabels(labels, request.semantics ?? manifest["output"]);
  const task = sameOf("task", request.task, manifest["task"]);
  if (task !== undefined && !servedTasks.some((known) => known === task))
    throw invalid(`task is ${JSON.stringify(task)}; it can be ${servedTasks.join(", ")}.`);
  for (const [field, value] of [
    ["name", model],
    ["sha256", digest],
  ] as const)
    sameOf(field, value, manifest[field]);
  const version = sameNumber(request.version, manifest["version"]);
  return { ...request, task, version };
}

function checkLabels(labels: string[], semantics: unknown): void {
  if (labels.length === 0 || labels.length > 100_000)
    throw invalid(`labels has ${labels.length} entries; send 1 to 100000.`);
  if (semantics === undefined)
    throw invalid("With labels, say in semantics whether the scores are PROBABILITIES or LOGITS.");
}

function checkDescription(description: string | undefined): void {
  if (description === undefined) return;
  const length = [...description].length;
  if (length < 1 || length > 1_000 || !description.isWellFormed() || description.includes("\0"))
    throw invalid(`description has ${length} characters; send 1 to 1000 of Unicode text.`);
}

function sameOf(field: string, given: string | undefined, inManifest: unknown): string | undefined {
  if (inManifest === undefined) return given;
  if (typeof inManifest !== "string") throw invalid(`manifest.${field} is not a text.`);
  if (given === undefined || given === inManifest) return inManifest;
  throw invalid(
    `manifest.${field} is ${JSON.stringify(inManifest.slice(0, 100))}, and ${given} was asked for. Leave it out of one.`,
  );
}

function sameNumber(given: number | undefined, inManifest: unknown): number | undefined {
  if (inManifest !== undefined && typeof inManifest !== "number") throw invalid("manifest.version is not a number.");
  if (given !== undefined && inManifest !== undefined && given !== inManifest)
    throw invalid(`manifest.version is ${inManifest}, and ${given} was asked for. Leave it out of one.`);
  const version = given ?? inManifest;
  if (version === undefined || (Number.isInteger(version) && version >= 1 && version <= 1_000_000)) return version;
  throw invalid(`version is ${version}; it must be from 1 to 1000000.`);
}

function invalid(message: string): TollgateError {
  return new TollgateError("INVALID_INPUT", message);
}
