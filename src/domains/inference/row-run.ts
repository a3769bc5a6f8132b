import type { AcceptedRequest, RunKind } from "./accepted-request.ts";
import type { Queued } from "./fair-queue.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import type { Row } from "./tensor.ts";

/** Rows of one request that can share a batch, in their order. */
export class RowRun implements Queued {
  readonly bucket: string | undefined;
  readonly accepted: AcceptedRequest;
  readonly #version: LoadedVersion;
  readonly #positions: readonly number[] | undefined;
  place = 0;
  #next = 0;

  /** @param some the places of the rows; all of the request's where it is not given. */
  constructor(
    accepted: AcceptedRequest,
    version: LoadedVersion,
    some?: { bucket: string | undefined; positions: readonly number[] },
  ) {
    this.accepted = accepted;
    this.#version = version;
    this.#positions = some?.positions;
    this.bucket = some?.bucket;
  }

  get tenantId(): string {
    return this.accepted.request.tenantId;
  }

  get kind(): RunKind {
    return this.accepted.request.kind ?? "INTERACTIVE";
  }

  get weight(): number {
    return this.accepted.request.weight ?? 1;
  }

  /** The units of the row that would be taken next: one, or its tokens where its length varies. */
  get nextUnits(): number {
    return this.#version.layout.costOf(this.#rowAt(this.#place(this.#next)));
  }

  get isEmpty(): boolean {
    return this.#next === (this.#positions ?? this.accepted.request.rows).length;
  }

  take(): { position: number; row: Row } {
    const position = this.#place(this.#next++);
    this.accepted.queuedRows--;
    return { position, row: this.#rowAt(position) };
  }

  #place(next: number): number {
    return this.#positions?.[next] ?? next;
  }

  #rowAt(position: number): Row {
    return this.accepted.request.rows[position] ?? [];
  }
}

export function runsOf(accepted: AcceptedRequest, version: LoadedVersion): RowRun[] {
  const { rows } = accepted.request;
  const bucketOf = (row: Row) => version.layout.bucketOf(row, version.batching);
  const [first = []] = rows;
  const only = bucketOf(first);
  if (only === undefined) return [new RowRun(accepted, version)];
  if (rows.length === 1) return [new RowRun(accepted, version, { bucket: only, positions: [0] })];
  const buckets = Map.groupBy(rows.keys(), (position) => bucketOf(rows[position] ?? []));
  return [...buckets].map(([bucket, positions]) => new RowRun(accepted, version, { bucket, positions }));
}

/** Rows that share a batch with nothing, not even with each other. */
export function loneRunsOf(accepted: AcceptedRequest, version: LoadedVersion): RowRun[] {
  return [...accepted.request.rows.keys()].map(
    (position) => new RowRun(accepted, version, { bucket: `alone ${++lastAlone}`, positions: [position] }),
  );
}

let lastAlone = 0;
