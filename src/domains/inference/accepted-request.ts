import type { Abandoned } from "../../core/abandonment.ts";
import { TollgateError } from "../../core/errors.ts";
import type { Provider } from "./provider.ts";
import type { Row } from "./tensor.ts";

/** Whose need a request serves. A tenant's kinds share its lane apart from each other, so that none waits behind another. */
export type RunKind = "INTERACTIVE" | "EXPLANATION" | "JOB";

/** A request for the answers of one version. */
export interface RunRequest {
  versionId: string;
  tenantId: string;
  /** INTERACTIVE where it is not given. */
  kind?: RunKind;
  /** The tenant's share, relative to the others'; 1 where it is not given. */
  weight?: number;
  rows: readonly Row[];
  /** On the clock of performance.now(), in milliseconds. */
  deadlineAt: number;
  /** Fires when the caller has gone: rows still queued are dropped. */
  abandoned?: Abandoned;
}

export interface RunTiming {
  /** From acceptance until the last of its rows was sent to a runner. */
  queueMs: number;
  /** Within ONNX Runtime, summed over the batches that its rows were in. */
  runMs: number;
  /** Rows in the largest of these batches, other tenants' included. */
  batchSize: number;
  /** CUDA where one of its batches ran there. */
  provider: Provider;
}

export interface RunResult {
  /** For each row of the request, for each output of the signature in its order, the values. */
  outputs: Row[];
  timing: RunTiming;
  /** Its part of the measured time of its batches, in whole microseconds: the parts of a batch sum up to the whole. */
  computeUs: number;
}

/** What a request is told of a batch that carried rows of it. */
export interface BatchFacts {
  sentAt: number;
  runMs: number;
  size: number;
  provider: Provider;
}

export function bytesOf(rows: readonly Row[]): number {
  let bytes = 0;
  for (const row of rows) for (const data of row) bytes += data.byteLength;
  return bytes;
}

const maxTimerMs = 2 ** 31 - 1;

interface Settling {
  resolve: (result: RunResult) => void;
  reject: (error: TollgateError) => void;
  /** Called once, when it is answered, has failed, has expired or its caller has gone. */
  onSettled: (error: TollgateError | undefined) => void;
}

/** A request that stands in a lane: collects its rows' answers, and is settled exactly once. */
export class AcceptedRequest {
  readonly request: RunRequest;
  /** Rows that no batch has taken yet. */
  queuedRows: number;
  /** What its rows take of memory until it is settled. */
  readonly bytes: number;
  isSettled = false;
  readonly acceptedAt = performance.now();
  readonly #outputs: Row[] = [];
  readonly #settling: Settling;
  readonly #timer: NodeJS.Timeout;
  readonly #timing: RunTiming = { queueMs: 0, runMs: 0, batchSize: 0, provider: "CPU" };
  #unanswered: number;
  #computeUs = 0;
  #lastBatch: BatchFacts | undefined;

  constructor(request: RunRequest, settling: Settling) {
    this.request = request;
    this.#settling = settling;
    this.queuedRows = request.rows.length;
    this.bytes = bytesOf(request.rows);
    this.#unanswered = request.rows.length;
    // Rounded up: a timer that fires early would refuse what may still come.
    this.#timer = setTimeout(
      () => this.#expire(),
      Math.min(Math.ceil(request.deadlineAt - this.acceptedAt), maxTimerMs),
    );
    request.abandoned?.addEventListener("abort", this.#abandon);
  }

  /** @param computeUs the row's part of its batch's time. */
  answer(position: number, row: Row, batch: BatchFacts, computeUs: number): void {
    if (this.isSettled) return;
    this.#outputs[position] = row;
    this.#computeUs += computeUs;
    if (this.#lastBatch !== batch) this.#count(batch);
    if (--this.#unanswered > 0) return;
    this.#settle(undefined);
    this.#settling.resolve({ outputs: this.#outputs, timing: this.#timing, computeUs: this.#computeUs });
  }

  fail(error: TollgateError): void {
    if (this.isSettled) return;
    this.#settle(error);
    this.#settling.reject(error);
  }

  #count(batch: BatchFacts): void {
    this.#lastBatch = batch;
    this.#timing.queueMs = Math.max(this.#timing.queueMs, batch.sentAt - this.acceptedAt);
    this.#timing.runMs += batch.runMs;
    if (batch.provider === "CUDA") this.#timing.provider = "CUDA";
    this.#timing.batchSize = Math.max(this.#timing.batchSize, batch.size);
  }

  #expire(): void {
    const limitMs = Math.round(this.request.deadlineAt - this.acceptedAt);
    const where = this.queuedRows > 0 ? "waiting for a runner" : "running";
    this.fail(
      new TollgateError(
        "DEADLINE_EXCEEDED",
        `The inputs were still ${where} at the deadline, ${limitMs} ms after they came.`,
      ),
    );
  }

  readonly #abandon = (): void => {
    this.fail(new TollgateError("DEADLINE_EXCEEDED", "The caller left before the answer was ready."));
  };

  #settle(error: TollgateError | undefined): void {
    this.isSettled = true;
    clearTimeout(this.#timer);
    this.request.abandoned?.removeEventListener("abort", this.#abandon);
    this.#settling.onSettled(error);
  }
}
