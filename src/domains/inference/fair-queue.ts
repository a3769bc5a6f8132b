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
}

/** What one tenant has waiting here of one kind, by bucket; in each the oldest first. */
interface Line<T> {
  readonly kind: RunKind;
  readonly buckets: Map<string, Waiting<T>[]>;
}

interface Waiting<T> {
  readonly item: T;
  /** Counts up with every item: the oldest has the lowest. */
  readonly place: number;
}

interface Flow<T> {
  readonly account: Account;
  readonly lines: Line<T>[];
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
  readonly #flows = new Map<string, Flow<T>>();
  #lastPlace = 0;

  constructor(shares: FairShares) {
    this.#shares = shares;
  }

  get tenants(): number {
    return this.#flows.size;
  }

  /** The weights of all tenants that have something waiting. */
  get totalWeight(): number {
    let sum = 0;
    for (const { account } of this.#flows.values()) sum += account.weight;
    return sum;
  }

  push(item: T): void {
    const { tenantId, kind, weight, bucket = everything } = item;
    const account = this.#shares.of(tenantId, weight);
    let flow = this.#flows.get(tenantId);
    if (flow === undefined) {
      flow = { account, lines: [] };
      this.#flows.set(tenantId, flow);
    }
    let line = flow.lines.find((candidate) => candidate.kind === kind);
    if (line === undefined) {
      line = { kind, buckets: new Map() };
      flow.lines.push(line);
      account.join(kind);
    }
    const waiting = { item, place: ++this.#lastPlace };
    const sameBucket = line.buckets.get(bucket);
    if (sameBucket === undefined) line.buckets.set(bucket, [waiting]);
    else sameBucket.push(waiting);
  }

  /** Takes an item out, whatever rows it still had: it is done, or its caller has gone. */
  remove(item: T): void {
    const { tenantId, kind, bucket = everything } = item;
    const flow = this.#flows.get(tenantId);
    const line = flow?.lines.find((candidate) => candidate.kind === kind);
    const items = line?.buckets.get(bucket);
    if (flow === undefined || line === undefined || items === undefined) return;
    // Nearly always the first, or close to it: callers leave and expire in the order they came.
    const at = items.findIndex((waiting) => waiting.item === item);
    if (at === 0) items.shift();
    else if (at > 0) items.splice(at, 1);
    if (items.length > 0) return;
    line.buckets.delete(bucket);
    if (line.buckets.size > 0) return;
    flow.lines.splice(flow.lines.indexOf(line), 1);
    flow.account.leave(kind);
    if (flow.lines.length === 0) this.#flows.delete(tenantId);
  }

  /**
   * The item whose next row is to be taken now, and the account to charge for it. The caller removes an item that has
   * none left. Undefined where nothing waits that is wanted.
   */
  next(wanted: Wanted = anything): Chosen<T> | undefined {
    let best: Flow<T> | undefined;
    let bestLine: Line<T> | undefined;
    for (const flow of this.#flows.values()) {
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

function lowestLine<T>({ account, lines }: Flow<T>, wanted: Wanted): Line<T> | undefined {
  let lowest: Line<T> | undefined;
  for (const line of lines) {
    if (wanted.onlyInteractive && line.kind !== "INTERACTIVE") continue;
    if (wanted.bucket !== undefined && !line.buckets.has(wanted.bucket)) continue;
    if (lowest === undefined || account.levelOf(line.kind) < account.levelOf(lowest.kind)) lowest = line;
  }
  return lowest;
}

function oldest<T>({ buckets }: Line<T>, { bucket }: Wanted): T | undefined {
  if (bucket !== undefined) return buckets.get(bucket)?.[0]?.item;
  let first: Waiting<T> | undefined;
  for (const [waiting] of buckets.values()) {
    if (waiting !== undefined && (first === undefined || waiting.place < first.place)) first = waiting;
  }
  return first?.item;
}
