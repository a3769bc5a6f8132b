import type { LimitRow, PriceRow } from "./plan-desk.ts";

/** A version of a plan, as both the database and the model are given it. */
export interface ModelPlan {
  versionId: string;
  prices: PriceRow[];
  limits: LimitRow[];
}

export interface ModelRequest {
  id: string;
  quantity: number;
  key: string;
  computeUs: number;
  leaseMs: number | undefined;
}

interface ModelEvent {
  request: string;
  at: number;
  period: number;
  isLate: boolean;
  version: string;
  meter: "inputs" | "compute_ms";
  quantity: number;
  amount: number;
  key: string;
}

/** A limit, and the key whose use counts; "" for the tenant's. */
type Scoped = LimitRow & { scope: string };

interface Standing {
  verdict: string;
  need: number;
  left: number;
  /** How long it refuses, where it does. */
  until: number;
}

const hour = 3_600_000;
const day = 24 * hour;

/** What one tenant's ledger has to decide, one step after the other, in plain code. Everything is added up from events. */
export class LimitsModel {
  readonly events: ModelEvent[] = [];
  plan: ModelPlan;
  own: LimitRow | undefined;
  clock: number;
  closedUntil = Number.NEGATIVE_INFINITY;
  lastAt = Number.NEGATIVE_INFINITY;
  readonly #anchorDay: number;
  readonly #leases = new Map<string, { key: string; expiresAt: number }>();
  readonly #buckets = new Map<string, { level: number; filledAt: number }>();
  readonly #settled = new Set<string>();
  readonly #reversed = new Set<string>();

  constructor(plan: ModelPlan, { clock, anchorDay }: { clock: number; anchorDay: number }) {
    this.plan = plan;
    this.clock = clock;
    this.#anchorDay = anchorDay;
  }

  get now(): number {
    return Math.max(this.clock, this.lastAt, this.closedUntil);
  }

  /** The verdicts that are right; several where two limits would refuse equally long. */
  charge(request: ModelRequest): Set<string> {
    const period = this.periodAt(this.now);
    const counted = this.#countedMeters(request);
    const amounts = counted.map(({ meter, quantity }) => ({
      meter,
      quantity,
      amount: this.#costOf(this.plan, period.start, meter, quantity),
    }));
    const total = amounts.reduce((sum, one) => sum + one.amount, 0);
    const refusals = this.#limits(request.key).flatMap((limit) => this.#refusal(limit, request, total));
    if (refusals.length > 0) {
      const longest = Math.max(...refusals.map((refusal) => refusal.until));
      return new Set(refusals.filter((refusal) => refusal.until === longest).map((refusal) => refusal.verdict));
    }
    for (const limit of this.#limits(request.key)) this.#take(limit, request);
    for (const { meter, quantity, amount } of amounts) {
      const { id, key } = request;
      const { versionId: version } = this.plan;
      const event = {
        request: id,
        at: this.now,
        period: period.start,
        isLate: false,
        version,
        meter,
        quantity,
        amount,
        key,
      };
      this.events.push(event);
    }
    this.lastAt = this.now;
    const isLimited = this.#limits(request.key).some(({ kind }) => kind === "CONCURRENCY_LIMIT");
    if (request.leaseMs !== undefined && isLimited) {
      this.#leases.set(request.id, { key: request.key, expiresAt: this.clock + request.leaseMs });
    }
    return new Set(["ADMITTED"]);
  }

  settle(id: string, computeUs: number): void {
    this.#leases.delete(id);
    const reserved = this.events.find((event) => event.request === id && event.meter === "compute_ms");
    if (reserved === undefined || this.#settled.has(id) || this.#reversed.has(id)) return;
    const unused = reserved.quantity - Math.min(reserved.quantity, computeUs);
    if (unused === 0) return;
    this.#settled.add(id);
    this.#takeBack(reserved, unused);
  }

  reverse(id: string): void {
    this.#leases.delete(id);
    if (this.#reversed.has(id) || !this.events.some((event) => event.request === id)) return;
    this.#reversed.add(id);
    for (const meter of ["inputs", "compute_ms"] as const) {
      const own = this.events.filter((event) => event.request === id && event.meter === meter);
      const net = own.reduce((sum, event) => sum + event.quantity, 0);
      if (own[0] !== undefined && net > 0) this.#takeBack(own[0], net);
    }
  }

  periodAt(at: number): { start: number; end: number } {
    const [year, month] = [new Date(at).getUTCFullYear(), new Date(at).getUTCMonth()];
    const anchor = (of: number) =>
      Date.UTC(year, of, Math.min(this.#anchorDay, new Date(Date.UTC(year, of + 1, 0)).getUTCDate()));
    return at < anchor(month)
      ? { start: anchor(month - 1), end: anchor(month) }
      : { start: anchor(month), end: anchor(month + 1) };
  }

  #countedMeters({ quantity, computeUs }: ModelRequest) {
    const isComputeCounted =
      this.plan.prices.some(({ meter }) => meter === "compute_ms") ||
      this.plan.limits.some(({ meter }) => meter === "compute_ms");
    return [
      { meter: "inputs" as const, quantity },
      ...(isComputeCounted && computeUs > 0 ? [{ meter: "compute_ms" as const, quantity: computeUs }] : []),
    ];
  }

  #takeBack(event: ModelEvent, taken: number): void {
    const isLate = event.at < this.closedUntil;
    const at = isLate ? this.now : event.at;
    const priced = { ...this.plan, versionId: event.version, prices: this.pricesOf(event.version) };
    const amount = this.#costOf(priced, event.period, event.meter, -taken);
    this.events.push({ ...event, at, isLate, quantity: -taken, amount });
    if (isLate) this.lastAt = this.now;
  }

  /** Prices of versions that the tenant was on before. */
  pricesOf: (versionId: string) => PriceRow[] = () => this.plan.prices;

  #costOf({ versionId, prices }: ModelPlan, period: number, meter: string, more: number): number {
    const price = prices.find((one) => (one.meter ?? "inputs") === meter);
    if (price === undefined) return 0;
    const held = this.events
      .filter((one) => one.period === period && one.version === versionId && one.meter === meter)
      .reduce((sum, one) => sum + one.quantity, 0);
    return costOf(price, held + more) - costOf(price, held);
  }

  #limits(key: string): Scoped[] {
    const plans = this.plan.limits.map((limit) => ({ ...limit, scope: limit.appliesTo === "EACH_KEY" ? key : "" }));
    return this.own === undefined ? plans : [...plans, { ...this.own, scope: "" }];
  }

  #refusal(limit: Scoped, request: ModelRequest, total: number): { verdict: string; until: number }[] {
    const { verdict, need, left, until } = this.#standing(limit, request, total);
    return need > 0 && need > left ? [{ verdict, until }] : [];
  }

  #standing(limit: Scoped, request: ModelRequest, total: number): Standing {
    const { start, end } = this.#span(limit);
    switch (limit.kind) {
      case "QUOTA": {
        const need = this.#countedMeters(request).find((one) => one.meter === limit.meter)?.quantity ?? 0;
        const left = limit.quantity - this.#sum(limit, start, end, "quantity");
        return { verdict: "QUOTA_EXCEEDED", need, left, until: end };
      }
      case "BUDGET": {
        const left = limit.quantity - this.#sum(limit, start, end, "amount");
        return { verdict: "BUDGET_EXCEEDED", need: total, left, until: end };
      }
      case "RATE_LIMIT": {
        const need = (limit.meter === "inputs" ? request.quantity : 1) * 1e6;
        const left = this.#level(limit);
        const wait = ((need - left) / (limit.refillMicros ?? 1)) * 1000;
        const until = need > limit.quantity * 1e6 ? Number.POSITIVE_INFINITY : this.clock + wait;
        return { verdict: "RATE_LIMITED", need, left, until };
      }
      case "CONCURRENCY_LIMIT": {
        const need = request.leaseMs === undefined ? 0 : 1;
        const left = limit.quantity - this.#atWork(limit.scope);
        return { verdict: "CONCURRENCY_LIMITED", need, left, until: this.clock };
      }
      default: {
        const verdict = "REQUEST_TOO_LARGE";
        return { verdict, need: request.quantity, left: limit.quantity, until: Number.POSITIVE_INFINITY };
      }
    }
  }

  #atWork(scope: string): number {
    const live = [...this.#leases.values()].filter(({ expiresAt }) => expiresAt > this.clock);
    return live.filter(({ key }) => scope === "" || key === scope).length;
  }

  #sum(limit: Scoped, start: number, end: number, what: "quantity" | "amount"): number {
    return this.events
      .filter(({ at, isLate, key, meter }) => {
        const isWithin = at >= start && at < end && !isLate && (limit.scope === "" || key === limit.scope);
        return isWithin && (what === "amount" || meter === limit.meter);
      })
      .reduce((sum, event) => sum + event[what], 0);
  }

  #span(limit: LimitRow): { start: number; end: number } {
    if (limit.period === "BILLING_PERIOD") return this.periodAt(this.now);
    const length = limit.period === "DAY" ? day : hour;
    const start = Math.floor(this.now / length) * length;
    return { start, end: start + length };
  }

  #bucketName(limit: Scoped): string {
    return `${this.plan.versionId} ${limit.meter} ${limit.scope}`;
  }

  #level(limit: Scoped): number {
    const bucket = this.#buckets.get(this.#bucketName(limit));
    if (bucket === undefined) return limit.quantity * 1e6;
    const flown = Math.trunc((Math.max(0, this.clock - bucket.filledAt) / 1000) * (limit.refillMicros ?? 0));
    return Math.min(limit.quantity * 1e6, bucket.level + flown);
  }

  #take(limit: Scoped, request: ModelRequest): void {
    if (limit.kind !== "RATE_LIMIT") return;
    const need = (limit.meter === "inputs" ? request.quantity : 1) * 1e6;
    const level = this.#level(limit) - need;
    this.#buckets.set(this.#bucketName(limit), { level, filledAt: this.clock });
  }
}

/** What a cumulative quantity costs, added up unit by unit where there are tiers. */
export function costOf(price: PriceRow, quantity: number): number {
  const { scheme = "PER_UNIT", unitPriceMicros = 250, packageSize = 1, included = 0, meter = "inputs" } = price;
  const billable = quantity - included;
  if (billable <= 0 || quantity <= 0) return 0;
  const tiers = (price.tiers ?? []) as { upTo: number | null; unitPriceMicros: number; flatMicros: number }[];
  const tierOf = (unit: number) => tiers.find(({ upTo }) => upTo === null || unit <= upTo);
  switch (scheme) {
    case "PACKAGE":
      return Math.ceil(billable / packageSize) * unitPriceMicros;
    case "FLAT":
      return unitPriceMicros;
    case "VOLUME":
      return billable * (tierOf(billable)?.unitPriceMicros ?? 0) + (tierOf(billable)?.flatMicros ?? 0);
    case "GRADUATED": {
      const units = Array.from({ length: billable }, (_, index) => tierOf(index + 1));
      const fees = [...new Set(units)].reduce((sum, tier) => sum + (tier?.flatMicros ?? 0), 0);
      return units.reduce((sum, tier) => sum + (tier?.unitPriceMicros ?? 0), 0) + fees;
    }
    default:
      return meter === "compute_ms" ? halfEven(billable * unitPriceMicros) : billable * unitPriceMicros;
  }
}

function halfEven(thousandths: number): number {
  const whole = Math.floor(thousandths / 1000);
  const rest = thousandths - whole * 1000;
  if (rest === 500) return whole + (whole % 2);
  return rest > 500 ? whole + 1 : whole;
}
