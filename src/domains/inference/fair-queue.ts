import type { RunKind } from "./accepted-request.ts";
import type { Account, FairShares } from "./fair-shares.ts";

/** What waits in the queue: rows of one request that can share a batch, taken one by one. */
export interface Queued {
  readonly tenantId: string;
  readonly kind: RunKind;
  /** The tenant's share, relative to the others'. */
  readonly weight: number;
  /** What can share a batch with it; undefined where everything can. */
  readonly bucket: string | undefined;
  /** Its place in the order of coming; the queue gives it. */
  place: number;
}

/** What one tenant has waiting here of one kind, by bucket; in each the oldest first. */
interface Line<T> {
  readonly kind: RunKind;
  readonly buckets: Map<string, T[]>;
  items: number;
}

interface Flow<T> {
  readonly account: Account;
  readonly lines: Line<T>[];
  /** How many of its lines have something waiting, and where it stands among the flows that have. */
  waitingLines: number;
  at: number;
}

export interface Chosen<T> {
  item: T;
  account: Account;
}

/** Which rows may be chosen: those of a bucket, or, where undefined, all. */
export interface Wanted {
  bucket: string | undefined;
  /** Leaves out what nobody waits for at this moment. */
  onlyInteractive: boolean;
}

/**
 * The rows that wait in one lane. Next is a row of the tenant whose account stands lowest, over all lanes; of its kinds,
 * the one that stands lowest; of these, the oldest. However much a tenant queues, another's row waits only for as much
 * as is due to each of the others meanwhile.
 */
export class FairQueue<T extends Queued> {
  readonly #shares: FairShares;
  // Most flows end with every batch and begin again with the next: they are kept, and made anew only for a new tenant.
  readonly #flows = new Map<string, Flow<T>>();
  readonly #waiting: Flow<T>[] = [];
  #lastPlace = 0;

  constructor(shares: FairShares) {
    this.#shares = shares;
  }

  get tenants(): number {
    return this.#waiting.length;
  }

  /** The weights of all tenants that have something waiting. */
  get totalWeight(): number {
    let sum = 0;
    for (const { account } of this.#waiting) sum += account.weight;
    return sum;
  }

  push(item: T): void {
    const { tenantId, kind, weight, bucket = everything } = item;
    const flow = this.#flowOf(tenantId, weight);
    const line = lineOf(flow, kind);
    if (line.items++ === 0) {
      flow.account.join(kind);
      if (flow.waitingLines++ === 0) flow.at = this.#waiting.push(flow) - 1;
    }
    item.place = ++this.#lastPlace;
    const sameBucket = line.buckets.get(bucket);
    if (sameBucket === undefined) line.buckets.set(bucket, [item]);
    else sameBucket.push(item);
  }

  /** Takes an item out, whatever rows it still had: it is done, or its caller has gone. */
  remove(item: T): void {
    const { tenantId, kind, bucket = everything } = item;
    const flow = this.#flows.get(tenantId);
    const line = flow?.lines.find((candidate) => candidate.kind === kind);
    const items = line?.buckets.get(bucket);
    if (flow === undefined || line === undefined || items === undefined) return;
    // Nearly always the first, or close to it: callers leave and expire in the order they came.
    const at = items.indexOf(item);
    if (at < 0) return;
    if (at === 0) items.shift();
    else items.splice(at, 1);
    if (items.length === 0 && bucket !== everything) line.buckets.delete(bucket);
    if (--line.items > 0) return;
    flow.account.leave(kind);
    if (--flow.waitingLines === 0) this.#stopWaiting(flow);
  }

  #flowOf(tenantId: string, weight: number): Flow<T> {
    const account = this.#shares.of(tenantId, weight);
    const known = this.#flows.get(tenantId);
    // One that waits for nothing may stand for an account that was forgotten meanwhile.
    if (known !== undefined && known.account === account) return known;
    if (this.#flows.size >= manyFlows) this.#forget();
    const flow: Flow<T> = { account, lines: [], waitingLines: 0, at: -1 };
    this.#flows.set(tenantId, flow);
    return flow;
  }

  #stopWaiting(flow: Flow<T>): void {
    const last = this.#waiting.pop();
    if (last === undefined || last === flow) return;
    this.#waiting[flow.at] = last;
    last.at = flow.at;
  }

  #forget(): void {
    for (const [tenantId, flow] of this.#flows) if (flow.waitingLines === 0) this.#flows.delete(tenantId);
  }

  /**
   * The item whose next row is to be taken now, and the account to charge for it. The caller removes an item that has
   * none left. Undefined where nothing waits that is wanted.
   */
  next(wanted: Wanted = anything): Chosen<T> | undefined {
    let best: Flow<T> | undefined;
    let bestLine: Line<T> | undefined;
    for (const flow of this.#waiting) {
      if (best !== undefined && best.account.level <= flow.account.level) continue;
      const line = lowestLine(flow, wanted);
      if (line === undefined) continue;
      best = flow;
      bestLine = line;
    }
    if (best === undefined || bestLine === undefined) return undefined;
    const item = oldest(bestLine, wanted);
    return item === undefined ? undefined : { item, account: best.account };
  }
}

const everything = "";
const anything: Wanted = { bucket: undefined, onlyInteractive: false };
const manyFlows = 4_096;

function lineOf<T>({ lines }: Flow<T>, kind: RunKind): Line<T> {
  for (const line of lines) if (line.kind === kind) return line;
  const line: Line<T> = { kind, buckets: new Map(), items: 0 };
  lines.push(line);
  return line;
}

function lowestLine<T>({ account, lines }: Flow<T>, wanted: Wanted): Line<T> | undefined {
  let lowest: Line<T> | undefined;
  for (const line of lines) {
    if (!isWanted(line, wanted)) continue;
    if (lowest === undefined || account.levelOf(line.kind) < account.levelOf(lowest.kind)) lowest = line;
  }
  return lowest;
}

function isWanted<T>(line: Line<T>, { bucket, onlyInteractive }: Wanted): boolean {
  if (line.items === 0 || (onlyInteractive && line.kind !== "INTERACTIVE")) return false;
  return bucket === undefined || (line.buckets.get(bucket)?.length ?? 0) > 0;
}

function oldest<T extends Queued>({ buckets }: Line<T>, { bucket }: Wanted): T | undefined {
  if (bucket !== undefined) return buckets.get(bucket)?.[0];
  let first: T | undefined;
  for (const [item] of buckets.values()) {
    if (item !== undefined && (first === undefined || item.place < first.place)) first = item;
  }
  return first;
}
