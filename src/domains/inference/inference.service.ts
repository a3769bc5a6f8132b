import { type Abandoned, Abandonment } from "../../core/abandonment.ts";
import { type ErrorCode, TollgateError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { TenantPrincipal } from "../../core/principal.ts";
import type { Catalogue } from "../models/catalogue.ts";
import type { Model } from "../models/model.ts";
import type { Route } from "../models/routing.ts";
import { shownQuantity } from "../plans/meter.ts";
import type { AdmittedCharge, ChargedMeter, ChargeRequest, ChargeVerdict, ReversalReason } from "../usage/charge.ts";
import type { Ledger } from "../usage/ledger.ts";
import type { QuotedUsage } from "../usage/quoted-usage.ts";
import { refusedByLimit } from "../usage/refusal.ts";
import { mostComputeUs, usualComputeUs } from "./compute-reservation.ts";
import { deadlineExceeded, isDeadlineExceeded, withDeadline } from "./deadline.ts";
import type { Engine, RunResult } from "./engine.ts";
import { explain } from "./explainer.ts";
import type { Explanation } from "./explanation.ts";
import { type ExplanationPlan, planExplanations } from "./explanation-plan.ts";
import type { Inference, InferenceRequest } from "./inference.ts";
import { type PreparedInput, prepareInputs } from "./prepare.ts";
import { outputsOf } from "./scores.ts";
import { tokensIn } from "./token-count.ts";

export interface InferenceServiceOptions {
  catalogue: Catalogue;
  ledger: Ledger;
  engine: Pick<Engine, "run" | "usualMsPerInput">;
  maxDeadlineMs: number;
  /** What so much of a model would cost a tenant now. */
  quote: (tenantId: string, modelId: string, usage: QuotedUsage) => Promise<bigint | undefined>;
  /** Called with what was answered under an alias, after its charge was admitted. */
  onAnswered?: (admissible: Admissible, result: RunResult) => void;
  /** Told of limits that are only watched, when they would have refused what was served. */
  onShadowRefusals?: (refusals: number) => void;
}

/** A request that was checked and routed: nothing about it can be wrong any more. */
export interface Admissible {
  principal: TenantPrincipal;
  request: InferenceRequest;
  target: Route & { model: Model };
  prepared: PreparedInput[];
  explanation: ExplanationPlan | undefined;
  /** On the clock of performance.now(). */
  startedAt: number;
  deadlineAt: number;
  abandoned: Abandoned;
}

/** What the version answered, and the explanations of these answers by their places. */
export interface Answered extends RunResult {
  explanations: ReadonlyMap<number, Explanation>;
}

/** As much of a request as decides what is run for it. */
export type ExplainedRequest = Pick<InferenceRequest, "model" | "alias" | "version" | "inputs" | "explain">;

export interface ExplainCost {
  inputs: number;
  evaluations: number;
  quantity: number;
  /** Undefined where the tenant has no plan that prices it. */
  amountMicros: bigint | undefined;
}

/** The names under which a request is charged. */
export interface ChargeNames {
  inferenceId: string;
  usageEventId: string;
}

const defaultDeadlineMs = 10_000;
const maxTopK = 100;
const noExplanations: ReadonlyMap<number, Explanation> = new Map();
/** How long a caller whose request failed may wait, past the deadline, for the charge to be taken back. */
const reversalGraceMs = 500;
/** How long past the deadline a request still counts as one at work, if its gateway dies: nobody works longer. */
const leaseGraceMs = 2_000;

/**
 * Answers inferences, each metered before it is answered.
 *
 * Owns: the order of things for one request, and what happens to its charge when the work fails. Does not own: limits
 * (usage), batches and runners (engine), or repeats under an idempotency key (repeats.ts).
 */
export class InferenceService {
  readonly #options: InferenceServiceOptions;
  /**
   * Tenants whose last request a limit refused. Their next ones are charged before they run, not meanwhile: otherwise a
   * tenant with nothing left could keep the runners busy for free. The database still decides each.
   */
  readonly #exhausted = new Set<string>();
  /** How long a request takes of late, in milliseconds. */
  #usualMs = 50;

  constructor(options: InferenceServiceOptions) {
    this.#options = options;
  }

  /** Routes and checks a request. Throws NOT_FOUND, MODEL_NOT_READY or INVALID_INPUT; nothing is charged then. */
  async admit(principal: TenantPrincipal, request: InferenceRequest, abandoned: Abandoned): Promise<Admissible> {
    const startedAt = performance.now();
    const deadlineMs = this.#check(request);
    const { target, prepared, explanation } = await this.#prepare(principal, request);
    // Gone while its pictures were decoded: nobody would hear the answer, so nothing is charged and nothing run.
    if (abandoned.aborted && request.idempotencyKey === undefined) throw deadlineExceeded();
    return {
      principal,
      request,
      target,
      prepared,
      explanation,
      startedAt,
      deadlineAt: startedAt + deadlineMs,
      abandoned,
    };
  }

  /** What a request with explanations would be charged for, by the very plan that would be run. */
  async explainCost(principal: TenantPrincipal, request: ExplainedRequest): Promise<ExplainCost> {
    const { target, prepared, explanation } = await this.#prepare(principal, request);
    const quantity = inputsOf({ prepared, explanation });
    const amountMicros = await this.#options.quote(principal.tenantId, target.model.id, {
      inputs: quantity,
      tokens: tokensIn(target.version.manifest, prepared),
      explanations: explanation?.outputs.length ?? 0,
      computeUs: usualComputeUs(this.#options.engine.usualMsPerInput(target.version.id), quantity),
    });
    return { inputs: prepared.length, evaluations: explanation?.evaluations ?? 0, quantity, amountMicros };
  }

  /** Charges and runs side by side, and answers when both are done. */
  async answer(admissible: Admissible): Promise<Inference> {
    const names = { inferenceId: newId("inference"), usageEventId: newId("usageEvent") };
    const stop = new Abandonment();
    admissible.abandoned.addEventListener("abort", () => stop.abort());
    const charging = this.#options.ledger.charge(this.chargeRequestOf(admissible, names));
    const running = this.#exhausted.has(admissible.principal.tenantId)
      ? charging.then((decided) => (decided.kind === "ADMITTED" ? this.run(admissible, stop) : undefined))
      : this.run(admissible, stop);
    running.catch(() => undefined); // it is awaited below, unless the charge is refused first

    const verdict = await this.verdictOf(charging, admissible, names.usageEventId).catch((error: unknown) => {
      stop.abort();
      throw error;
    });
    if (verdict.kind !== "ADMITTED") throw this.#refusal(verdict, admissible, stop);
    this.#exhausted.delete(admissible.principal.tenantId);
    this.admitted(verdict);
    try {
      const result = await running;
      if (result === undefined) throw new Error("an admitted request was not run");
      // Its work was done while the charge was still under way: nobody is left to hold the answer.
      if (admissible.abandoned.aborted) throw deadlineExceeded();
      const charged = await this.settled(admissible, names.usageEventId, verdict, result);
      this.#options.onAnswered?.(admissible, result);
      return toInference(admissible, names.inferenceId, { charged, softLimits: verdict.softLimits }, result);
    } catch (error) {
      await this.takeBack(admissible, names.usageEventId, error);
      throw error;
    }
  }

  /**
   * The version's answers and, after them, the explanations of these.
   *
   * @param stop fires when nobody wants the answer any more: rows that still queue are then dropped.
   */
  async run(admissible: Admissible, stop?: Abandoned): Promise<Answered> {
    const { target, principal, prepared, deadlineAt, explanation: plan } = admissible;
    const common = {
      versionId: target.version.id,
      tenantId: principal.tenantId,
      deadlineAt,
      ...(stop === undefined ? {} : { abandoned: stop }),
    };
    const result = await this.#options.engine.run({ ...common, rows: prepared.map((input) => input.row) });
    if (plan === undefined) return { ...result, explanations: noExplanations };
    let { computeUs } = result;
    const explanations = await explain({
      manifest: target.version.manifest,
      prepared,
      plan,
      answers: result.outputs,
      heatMaps: true,
      run: async (rows) => {
        if (stop?.aborted === true) throw deadlineExceeded();
        const changed = await this.#options.engine.run({ ...common, kind: "EXPLANATION", rows });
        computeUs += changed.computeUs;
        return changed.outputs;
      },
    });
    return { ...result, computeUs, explanations };
  }

  chargeRequestOf(admissible: Admissible, names: ChargeNames): ChargeRequest {
    const { principal, target } = admissible;
    return {
      ...names,
      tenantId: principal.tenantId,
      quantity: inputsOf(admissible),
      tokens: tokensIn(target.version.manifest, admissible.prepared),
      explanations: admissible.explanation?.outputs.length ?? 0,
      computeUs: mostComputeUs(this.#options.engine.usualMsPerInput(target.version.id), inputsOf(admissible)),
      modelId: target.model.id,
      modelVersionId: target.version.id,
      apiKeyId: principal.kind === "API_KEY" ? principal.apiKeyId : undefined,
      userId: principal.kind === "MEMBER" ? principal.userId : undefined,
      idempotencyKey: undefined,
      requestDigest: undefined,
      leaseMs: Math.max(1, Math.ceil(admissible.deadlineAt - performance.now())) + leaseGraceMs,
    };
  }

  /**
   * What is charged in the end. Where compute was reserved, that is known once the ledger has corrected it to what was
   * measured. A lease goes with the next commit, which nobody has to wait for.
   */
  async settled(
    { principal, startedAt, deadlineAt }: Admissible,
    usageEventId: string,
    { charged, isLeased }: Pick<AdmittedCharge, "charged" | "isLeased">,
    { computeUs }: RunResult,
  ): Promise<ChargedMeter[]> {
    this.#usualMs += 0.1 * (performance.now() - startedAt - this.#usualMs);
    const { ledger } = this.#options;
    const { tenantId } = principal;
    if (!charged.some(({ meter }) => meter === "compute_ms")) {
      if (isLeased) ledger.release({ tenantId, usageEventId });
      return charged;
    }
    const compute = await withDeadline(ledger.settle({ tenantId, usageEventId, computeUs }), deadlineAt);
    return charged.map((one) => (one.meter === "compute_ms" ? (compute ?? one) : one));
  }

  /**
   * Reverses the charge of work that failed on our side, before the caller hears of the failure; but a database that
   * stands still keeps no caller past the deadline. The reversal is then owed.
   */
  async takeBack(admissible: Admissible, usageEventId: string, error: unknown): Promise<void> {
    const reversing = this.#options.ledger.reverse({
      tenantId: admissible.principal.tenantId,
      usageEventId,
      reason: reasonOf(error, admissible.abandoned),
    });
    const until = Math.max(admissible.deadlineAt, performance.now() + reversalGraceMs);
    await withDeadline(reversing, until).catch(() => undefined);
  }

  /** The verdict, or DEADLINE_EXCEEDED: a commit that comes later has no answer to pay for, and is taken back. */
  async verdictOf(
    charging: Promise<ChargeVerdict>,
    admissible: Admissible,
    usageEventId: string,
  ): Promise<ChargeVerdict> {
    try {
      return await withDeadline(charging, admissible.deadlineAt);
    } catch (error) {
      const { tenantId } = admissible.principal;
      // What charge() itself threw, it has seen to.
      if (isDeadlineExceeded(error)) {
        const reason = reasonOf(error, admissible.abandoned);
        this.#options.ledger.giveUp({ tenantId, usageEventId, reason }, charging);
      }
      throw error;
    }
  }

  #refusal(verdict: Exclude<ChargeVerdict, { kind: "ADMITTED" }>, admissible: Admissible, stop: Abandonment): Error {
    stop.abort();
    if ("limit" in verdict) this.#exhausted.add(admissible.principal.tenantId);
    return this.refusalOf(verdict);
  }

  /** What a caller is told whose request was not admitted. */
  refusalOf(verdict: Exclude<ChargeVerdict, { kind: "ADMITTED" }>): Error {
    if ("limit" in verdict) return refusedByLimit(verdict, this.#usualMs);
    if (verdict.kind === "NO_PLAN") {
      return new TollgateError(
        "FORBIDDEN",
        "The tenant has no plan that prices inputs, so nothing can be used. Ask the operator for one.",
      );
    }
    if (verdict.kind === "ABANDONED") return deadlineExceeded();
    return new Error("a charge without an idempotency key was answered as a repeat");
  }

  /** Tells of what was let through only because its limit is watched. */
  admitted({ shadowRefusals }: AdmittedCharge): void {
    if (shadowRefusals > 0) this.#options.onShadowRefusals?.(shadowRefusals);
  }

  /** Chooses the version, makes its rows of the inputs, and plans what explaining them takes. */
  async #prepare(
    principal: TenantPrincipal,
    request: ExplainedRequest,
  ): Promise<Pick<Admissible, "target" | "prepared" | "explanation">> {
    const target = this.#options.catalogue.resolve(principal, request.model, request);
    const prepared = await prepareInputs(target.version, request.inputs);
    const { explain: wanted } = request;
    const explanation = wanted && planExplanations(target.version.manifest, prepared, wanted);
    return { target, prepared, explanation };
  }

  #check(request: InferenceRequest): number {
    const { maxDeadlineMs } = this.#options;
    const deadlineMs = request.deadlineMs ?? Math.min(defaultDeadlineMs, maxDeadlineMs);
    if (deadlineMs < 1 || deadlineMs > maxDeadlineMs) {
      throw new TollgateError("INVALID_INPUT", `deadlineMs is ${deadlineMs}; it must be from 1 to ${maxDeadlineMs}.`);
    }
    if (request.topK < 1 || request.topK > maxTopK) {
      throw new TollgateError("INVALID_INPUT", `topK is ${request.topK}; it must be from 1 to ${maxTopK}.`);
    }
    const key = request.idempotencyKey ?? "";
    // Postgres takes no such text, and refuses it together with everybody's charges that share the commit.
    if (key.includes("\0") || !key.isWellFormed()) {
      throw new TollgateError("INVALID_INPUT", "idempotencyKey must be Unicode text without the character U+0000.");
    }
    return deadlineMs;
  }
}

/** What a request is charged as: its inputs, and the changed inputs that its explanations take. */
export function inputsOf({ prepared, explanation }: Pick<Admissible, "prepared" | "explanation">): number {
  return prepared.length + (explanation?.evaluations ?? 0);
}

export function toInference(
  admissible: Admissible,
  id: string,
  { charged, softLimits }: Pick<AdmittedCharge, "charged" | "softLimits">,
  result: Answered,
): Inference {
  const { target, prepared, request } = admissible;
  return {
    id,
    model: target.model,
    version: target.version,
    alias: target.alias,
    outputs: outputsOf(target.version.manifest, prepared, result.outputs, request.topK).map((output) => ({
      ...output,
      explanation: result.explanations.get(output.index),
    })),
    usage: charged.map(({ meter, quantity, amountMicros }) => ({
      meter,
      quantity: shownQuantity(meter, quantity),
      amount: amountMicros,
    })),
    softLimits,
    timing: { ...result.timing, totalMs: performance.now() - admissible.startedAt },
    createdAt: new Date(),
  };
}

/** Failures that have a reason of their own in the ledger. */
const reasons = new Map<ErrorCode, ReversalReason>([
  ["MODEL_FAILED", "MODEL_FAILED"],
  ["MODEL_WITHHELD", "MODEL_FAILED"],
  ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
  ["OVERLOADED", "OVERLOADED"],
]);

function reasonOf(error: unknown, abandoned: Abandoned): ReversalReason {
  if (abandoned.aborted) return "CALLER_LEFT";
  return (error instanceof TollgateError ? reasons.get(error.code) : undefined) ?? "INTERNAL";
}
