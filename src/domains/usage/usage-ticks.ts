import { CoalescingStream } from "../../core/coalescing-stream.ts";
import type { Logger } from "../../platform/logger.ts";
import { repeatedly } from "../../platform/repeatedly.ts";
import type { MeteredTotal } from "./usage-report.ts";

/** What a tenant used since the tick before. */
export interface UsageTick {
  startsAt: Date;
  endsAt: Date;
  usage: MeteredTotal[];
}

/** What a tenant used in an hour of one meter, as the rollup has it now. */
export interface HourlyUsage extends MeteredTotal {
  tenantId: string;
  hour: Date;
}

interface UsageTicksOptions {
  /** The rows of this hour and the last, of these tenants: all that can have changed since a second ago. */
  read: (tenantIds: string[]) => Promise<HourlyUsage[]>;
  logger: Logger;
  now?: () => Date;
}

interface Watch {
  streams: Set<CoalescingStream<UsageTick>>;
  seen: ReadonlyMap<string, HourlyUsage>;
  seenAt: Date;
}

const tickMs = 1_000;

/**
 * Tells whoever watches a tenant what it uses, once a second while there is something to tell. All watchers of a gateway
 * share one small query a second, and nobody's charge does anything for them: announcing each one (NOTIFY) would make
 * all commits of the database wait for each other, to tell what the rollup already holds for every replica.
 */
export class UsageTicks {
  readonly #options: Required<UsageTicksOptions>;
  readonly #watches = new Map<string, Watch>();
  #polling: { stop(): Promise<void> } | undefined;

  constructor(options: UsageTicksOptions) {
    this.#options = { now: () => new Date(), ...options };
  }

  /**
   * Its first tick is empty, and says that all that is used from here on will be told: whoever reads the figures then, and
   * follows the ticks, misses nothing. The stream ends when its reader lets go of it. A reader who is slow gets several ticks as one.
   */
  async watch(tenantId: string): Promise<CoalescingStream<UsageTick>> {
    const watch = this.#watches.get(tenantId) ?? (await this.#begin(tenantId));
    const stream = new CoalescingStream<UsageTick>(mergeTicks, () => this.#leave(tenantId, stream));
    watch.streams.add(stream);
    stream.push({ startsAt: watch.seenAt, endsAt: watch.seenAt, usage: [] });
    this.#polling ??= repeatedly({ everyMs: tickMs, name: "telling usage", logger: this.#options.logger }, () =>
      this.#poll(),
    );
    return stream;
  }

  async close(): Promise<void> {
    for (const { streams } of this.#watches.values()) for (const stream of streams) stream.end();
    await this.#polling?.stop();
  }

  async #begin(tenantId: string): Promise<Watch> {
    const seenAt = this.#options.now();
    const seen = byHour(await this.#options.read([tenantId]));
    // Another watcher of the same tenant may have been faster.
    const watch = this.#watches.get(tenantId) ?? { streams: new Set(), seen, seenAt };
    this.#watches.set(tenantId, watch);
    return watch;
  }

  #leave(tenantId: string, stream: CoalescingStream<UsageTick>): void {
    const watch = this.#watches.get(tenantId);
    watch?.streams.delete(stream);
    if (watch?.streams.size === 0) this.#watches.delete(tenantId);
    if (this.#watches.size > 0) return;
    void this.#polling?.stop();
    this.#polling = undefined;
  }

  async #poll(): Promise<void> {
    const watched = [...this.#watches.keys()];
    const at = this.#options.now();
    const rows = Map.groupBy(await this.#options.read(watched), (row) => row.tenantId);
    for (const tenantId of watched) {
      const watch = this.#watches.get(tenantId);
      if (watch === undefined) continue; // its last watcher left while this was read
      const usage = usedSince(watch.seen, rows.get(tenantId) ?? []);
      const tick = { startsAt: watch.seenAt, endsAt: at, usage };
      watch.seen = byHour(rows.get(tenantId) ?? []);
      watch.seenAt = at;
      if (usage.length > 0) for (const stream of watch.streams) stream.push(tick);
    }
  }
}

/** By meter, how much more there is now than was seen. An hour that was not seen had nothing in it then. */
export function usedSince(seen: ReadonlyMap<string, HourlyUsage>, rows: readonly HourlyUsage[]): MeteredTotal[] {
  const changes = rows.map((row) => {
    const before = seen.get(keyOf(row));
    const quantity = row.quantity - (before?.quantity ?? 0n);
    return { meter: row.meter, quantity, amountMicros: row.amountMicros - (before?.amountMicros ?? 0n) };
  });
  return sumByMeter(changes).filter(({ quantity, amountMicros }) => quantity !== 0n || amountMicros !== 0n);
}

function mergeTicks(waiting: UsageTick, next: UsageTick): UsageTick {
  return { startsAt: waiting.startsAt, endsAt: next.endsAt, usage: sumByMeter([...waiting.usage, ...next.usage]) };
}

function sumByMeter(parts: MeteredTotal[]): MeteredTotal[] {
  const groups = [...Map.groupBy(parts, ({ meter }) => meter)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([meter, group]) => ({
    meter,
    quantity: group.reduce((sum, { quantity }) => sum + quantity, 0n),
    amountMicros: group.reduce((sum, { amountMicros }) => sum + amountMicros, 0n),
  }));
}

function byHour(rows: readonly HourlyUsage[]): Map<string, HourlyUsage> {
  return new Map(rows.map((row) => [keyOf(row), row]));
}

function keyOf({ hour, meter }: HourlyUsage): string {
  return `${hour.getTime()} ${meter}`;
}
