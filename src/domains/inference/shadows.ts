import { type ErrorCode, messageOf, TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { AliasWatch } from "../models/alias-watch.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { Manifest } from "../models/manifest.ts";
import type { ModelVersion } from "../models/model.ts";
import type { Engine, Row, RunResult } from "./engine.ts";
import type { Admissible } from "./inference.service.ts";
import { prepareInputs } from "./prepare.ts";

interface ShadowsOptions {
  catalogue: Catalogue;
  engine: Pick<Engine, "run">;
  watch: Pick<AliasWatch, "compare">;
  logger: Logger;
  /** From 0 to below 1, anew for each request. */
  chance?: () => number;
}

/** Copies under way at once. One more is dropped: a shadow sees what the machine has left, and delays nobody. */
const mostAtOnce = 4;
const deadlineMs = 5_000;
const weight = 0.1;

/**
 * Asks the shadows of an alias, its targets of weight 0, a sample of what has just been answered by another target, and
 * counts where they answer otherwise. After the answer, at a low weight, never charged; a failure of a shadow is nobody's failure.
 */
export class Shadows {
  readonly #options: ShadowsOptions;
  #underWay = 0;

  constructor(options: ShadowsOptions) {
    this.#options = options;
  }

  answered({ target, request, principal }: Admissible, { outputs }: RunResult): void {
    const alias = target.model.aliases.find(({ name }) => name === target.alias);
    const { chance = Math.random } = this.#options;
    for (const { modelVersionId, weight: share, sampleRate } of alias?.targets ?? []) {
      if (share > 0 || modelVersionId === target.version.id || this.#underWay >= mostAtOnce) continue;
      if (chance() >= sampleRate) continue;
      const shadow = this.#options.catalogue.versionById(modelVersionId)?.version;
      if (shadow === undefined || this.#options.catalogue.localConditionOf(shadow.id)?.kind !== "LOADED") continue;
      this.#underWay++;
      this.#options.catalogue.inFlight
        .during(() =>
          this.#compare(shadow, { request, tenantId: principal.tenantId, answered: target.version, outputs }),
        )
        .catch((error: unknown) => {
          // Nobody waits for it. As a disagreement it counts all the same, unless it is the machine that had no time.
          if (!isDropped(error)) this.#options.watch.compare(shadow.id, false);
          this.#options.logger.debug({ versionId: shadow.id, reason: messageOf(error) }, "a shadow did not answer");
        })
        .finally(() => {
          this.#underWay--;
        });
    }
  }

  async #compare(
    shadow: ModelVersion,
    seen: { request: Admissible["request"]; tenantId: string; answered: ModelVersion; outputs: readonly Row[] },
  ): Promise<void> {
    // By its own recipe: a shadow with another vocabulary is what one wants to see before it answers.
    const prepared = await prepareInputs(shadow, seen.request.inputs);
    const { outputs } = await this.#options.engine.run({
      versionId: shadow.id,
      tenantId: seen.tenantId,
      kind: "JOB",
      weight,
      rows: prepared.map(({ row }) => row),
      deadlineAt: performance.now() + deadlineMs,
    });
    const agrees = outputs.every((row, i) =>
      isSameAnswer(
        { manifest: shadow.manifest, row },
        { manifest: seen.answered.manifest, row: seen.outputs[i] ?? [] },
      ),
    );
    this.#options.watch.compare(shadow.id, agrees);
  }
}

const droppedFor = new Set<ErrorCode>(["OVERLOADED", "DEADLINE_EXCEEDED", "MODEL_NOT_READY", "MODEL_WITHHELD"]);

function isDropped(error: unknown): boolean {
  return error instanceof TollgateError && droppedFor.has(error.code);
}

interface AnsweredRow {
  manifest: Manifest;
  row: Row;
}

/** How far numbers that are no scores may lie apart, in relation to their size. */
const tolerance = 1e-3;

/** The same labels, wherever the versions have labels; numbers of their own kind are the same when they are close. */
export function isSameAnswer(a: AnsweredRow, b: AnsweredRow): boolean {
  const [left, right] = [scoresOf(a), scoresOf(b)];
  if (a.manifest.output.semantics !== "VALUES") {
    const [ours, theirs] = [labelsOf(a, left), labelsOf(b, right)];
    return ours.length === theirs.length && ours.every((label, i) => label === theirs[i]);
  }
  return left.length === right.length && left.every((value, i) => isClose(value, right[i] ?? Number.NaN));
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}

function scoresOf({ manifest, row }: AnsweredRow): number[] {
  const place = manifest.signature.outputs.findIndex(({ name }) => name === manifest.output.tensor);
  return Array.from(row[place] ?? [], Number);
}

/** The best label of each group of scores: one for a text or a picture, one for each token where they are told apart. */
function labelsOf({ manifest: { labels } }: AnsweredRow, scores: readonly number[]): string[] {
  return Array.from({ length: Math.ceil(scores.length / labels.length) }, (_, group) => {
    const own = scores.slice(group * labels.length, (group + 1) * labels.length);
    return labels[own.indexOf(Math.max(...own))] ?? "";
  });
}
