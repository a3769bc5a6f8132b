/** What waits in the queue: a run of rows of one flow, taken one by one. */
export interface Queued {
  /** Whose it is, and what for: what is of one flow waits in one line. */
  readonly flowId: string;
  /** The flow's share, relative to the others'. */
  readonly weight: number;
  /** The cost of the row that would be taken next. */
  readonly nextCost: number;
}

/** The queue of one tenant, for one kind of work. */
interface Flow<T> {
  readonly flowId: string;
  weight: number;
  /** What the tenant may still take, in cost. Carried over while it has something waiting, lost when it has not. */
  deficit: number;
  /** Whether it was given its share of the turn it is having. */
  isCredited: boolean;
  readonly items: T[];
}

const leastWeight = 0.01;

/**
 * Deficit round robin (Shreedhar and Varghese, 1995) between tenants, by cost and weight. Tenants with something
 * waiting stand in a ring; each turn brings a credit of the tenant's weight, and rows are taken while it lasts. So
 * however much a tenant queues, another's row waits only for as much as is due to each of the others meanwhile.
 */
export class FairQueue<T extends Queued> {
  readonly #flows = new Map<string, Flow<T>>();
  /** The ring: the first has the turn. */
  readonly #ring: Flow<T>[] = [];

  get flows(): number {
    return this.#ring.length;
  }

  /** The weights of all tenants that have something waiting. */
  get totalWeight(): number {
    return this.#ring.reduce((sum, flow) => sum + flow.weight, 0);
  }

  push(item: T): void {
    const weight = Math.max(leastWeight, item.weight);
    let flow = this.#flows.get(item.flowId);
    if (flow === undefined) {
      flow = { flowId: item.flowId, weight, deficit: 0, isCredited: false, items: [] };
      this.#flows.set(item.flowId, flow);
      this.#ring.push(flow);
    }
    flow.weight = weight;
    flow.items.push(item);
  }

  /** Takes an item out, whatever rows it still had: it is done, or its caller has gone. */
  remove(item: T): void {
    const flow = this.#flows.get(item.flowId);
    if (flow === undefined) return;
    // Nearly always the first, or close to it: callers leave and expire in the order they came.
    const at = flow.items.indexOf(item);
    if (at === 0) flow.items.shift();
    else if (at > 0) flow.items.splice(at, 1);
    if (flow.items.length > 0) return;
    this.#flows.delete(flow.flowId);
    this.#ring.splice(this.#ring.indexOf(flow), 1);
  }

  /**
   * The item whose next row is to be taken now; that row is charged to its tenant. The caller takes the row, and
   * removes an item that has none left. Undefined where nothing waits that is acceptable.
   */
  next(isAcceptable: (item: T) => boolean = always): T | undefined {
    let passedOver = 0;
    let shortTurns = 0;
    while (passedOver < this.#ring.length) {
      const flow = this.#ring[0];
      const item = flow?.items.find(isAcceptable);
      if (flow === undefined || item === undefined) {
        passedOver++;
        this.#passTurn();
        continue;
      }
      if (!flow.isCredited) flow.deficit += flow.weight;
      flow.isCredited = item.nextCost <= flow.deficit;
      if (flow.isCredited) {
        flow.deficit -= item.nextCost;
        return item;
      }
      // Its turn is over, and it keeps the credit.
      passedOver = 0;
      this.#passTurn();
      if (++shortTurns % this.#ring.length === 0) this.#skipRounds(isAcceptable);
    }
    return undefined;
  }

  /** Gives the credit of all the rounds that would end without a row at once: a row may cost thousands of turns. */
  #skipRounds(isAcceptable: (item: T) => boolean): void {
    const waiting = this.#ring.flatMap((flow) => {
      const item = flow.items.find(isAcceptable);
      return item === undefined ? [] : [{ flow, rounds: Math.ceil((item.nextCost - flow.deficit) / flow.weight) }];
    });
    const skipped = Math.min(...waiting.map(({ rounds }) => rounds)) - 1;
    for (const { flow } of waiting) flow.deficit += Math.max(0, skipped) * flow.weight;
  }

  #passTurn(): void {
    const flow = this.#ring.shift();
    if (flow !== undefined) this.#ring.push(flow);
  }
}

function always(): boolean {
  return true;
}
