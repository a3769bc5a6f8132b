import { TollgateError } from "../../core/errors.ts";
import { bytesOf, type RunRequest } from "./accepted-request.ts";
import type { Lane } from "./lane.ts";
import { type BrokenLimit, type QueueLimits, retryAfterMs } from "./queue-limits.ts";
import type { Row } from "./tensor.ts";

export interface House {
  limits: QueueLimits;
  lanes: Iterable<Lane>;
  /** How many batches run at once. */
  running: number;
}

/** Why a request for this lane is not taken; undefined where it is. */
export function refusalOf(request: RunRequest, lane: Lane, house: House): TollgateError | undefined {
  if (request.deadlineAt <= performance.now() || request.abandoned?.aborted) return tooLate();
  const { limits } = house;
  const rows = request.rows.length;
  if (rows > limits.mostAtOnce) return tooMany(rows, limits.mostAtOnce);
  const problem = problemIn(request.rows, lane);
  if (problem !== undefined) return problem;
  const bytes = bytesOf(request.rows);
  if (bytes > limits.mostBytesAtOnce) return tooLarge(bytes, limits.mostBytesAtOnce);
  const broken = limits.brokenBy(lane.version.id, request.tenantId, { rows, bytes });
  if (broken !== undefined) return overloaded(broken, { request, lane, house });
  return comesTooLate(request, lane, house);
}

/** Of the time that a request has, what its tenant's rows, its own the last of them, may take by what is known. */
const mostOfDeadline = 0.7;

/**
 * Law 12: what will hardly be answered in time is refused at once, not at its deadline, when part of it had run for
 * nothing. Who waits behind no row of its own is always taken: its share is free, and what is known may be wrong.
 */
function comesTooLate(request: RunRequest, lane: Lane, { limits, running }: House): TollgateError | undefined {
  const ahead = limits.queuedBy(request.tenantId);
  if (ahead === 0 || !lane.isMeasured) return undefined;
  const waitMs = ((ahead + request.rows.length) * lane.msPerRow) / (running * lane.shareOf(request.weight ?? 1));
  const leftMs = (request.deadlineAt - performance.now()) * mostOfDeadline;
  if (waitMs <= leftMs) return undefined;
  return new TollgateError(
    "OVERLOADED",
    `${ahead} inputs of this tenant are waiting already: these would hardly be answered before their deadline.`,
    { retryAfterMs: retryAfterMs({ rows: 1, msPerRow: waitMs - leftMs, share: 1 }) },
  );
}

export function stopping(): TollgateError {
  return new TollgateError("OVERLOADED", "This replica is stopping. Ask again.", { retryAfterMs: 1000 });
}

export function notLoaded(): TollgateError {
  return new TollgateError("MODEL_NOT_READY", "The version is not loaded.", { retryAfterMs: 1000 });
}

export function noRunnerUp(): TollgateError {
  return new TollgateError("MODEL_NOT_READY", "No runner is up at the moment; one is starting.", {
    retryAfterMs: 1000,
  });
}

export function noCuda(): TollgateError {
  return new TollgateError(
    "MODEL_NOT_READY",
    "The version requires CUDA, which fails at the moment. Ask again later.",
    {
      retryAfterMs: 10_000,
    },
  );
}

function problemIn(rows: readonly Row[], { version }: Lane): TollgateError | undefined {
  if (rows.length === 0) return new TollgateError("INVALID_INPUT", "inputs is empty; send at least one.");
  const mostUnits = version.manifest.batching.maxCost ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? [];
    const problem = version.layout.problemOf(row);
    if (problem !== undefined) return new TollgateError("INVALID_INPUT", `inputs[${i}] ${problem}`);
    const units = version.layout.costOf(row);
    if (units > mostUnits) return tooDear(i, units, mostUnits);
  }
  return undefined;
}

function tooDear(i: number, units: number, most: number): TollgateError {
  return new TollgateError("INVALID_INPUT", `inputs[${i}] costs ${units}; a batch of this version holds ${most}.`);
}

function tooLate(): TollgateError {
  return new TollgateError(
    "DEADLINE_EXCEEDED",
    "The deadline had passed, or the caller had left, before the inputs could be queued.",
  );
}

function tooMany(rows: number, most: number): TollgateError {
  return new TollgateError("INVALID_INPUT", `inputs has ${rows} entries; at most ${most} can wait at once.`);
}

function tooLarge(bytes: number, most: number): TollgateError {
  return new TollgateError("INVALID_INPUT", `inputs take ${bytes} bytes; at most ${most} can wait at once.`);
}

interface Refused {
  request: RunRequest;
  lane: Lane;
  house: House;
}

function overloaded(broken: BrokenLimit, refused: Refused): TollgateError {
  return new TollgateError("OVERLOADED", saidOf(broken, refused), { retryAfterMs: waitOf(broken, refused) });
}

function saidOf(broken: BrokenLimit, { request, house: { limits } }: Refused): string {
  switch (broken) {
    case "TENANT":
      return `${limits.queuedBy(request.tenantId)} inputs of this tenant are waiting already. Send fewer at once.`;
    case "TENANT_BYTES":
      return "The inputs of this tenant that are under way take all the memory it may have. Send fewer at once.";
    case "VERSION":
      return "Too many inputs wait for this version already. Ask again later.";
    case "ALL":
    case "BYTES":
      return "Too many inputs are waiting already. Ask again later.";
  }
}

function waitOf(broken: BrokenLimit, { request, lane, house }: Refused): number {
  const { limits, lanes, running } = house;
  switch (broken) {
    case "TENANT":
    case "TENANT_BYTES": {
      const share = running * lane.shareOf(request.weight ?? 1);
      return retryAfterMs({ rows: limits.queuedBy(request.tenantId), msPerRow: lane.msPerRow, share });
    }
    case "VERSION":
      return retryAfterMs({ rows: lane.queuedRows, msPerRow: lane.msPerRow, share: running });
    case "ALL":
    case "BYTES": {
      let waitMs = 0;
      for (const { queuedRows, msPerRow } of lanes) waitMs += queuedRows * msPerRow;
      return retryAfterMs({ rows: 1, msPerRow: waitMs, share: running });
    }
  }
}
