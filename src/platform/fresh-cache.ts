import { TollgateError } from "../core/errors.ts";
import type { NotificationChannel, Notifications } from "./notifications.ts";

interface FreshCacheOptions<T> {
  notifications: Pick<Notifications, "isCurrent" | "subscribe">;
  channel: NotificationChannel;
  maxEntries: number;
  /** Reads the present value from the database. What is not there is not remembered. */
  load: (id: string) => Promise<T | undefined>;
}

// Beyond these a stranger with many ids, true or made up, is refused rather than queued.
const maxLoads = 256;
// While changes cannot be heard, a read that began this long ago is too old to be shared with whoever asks now.
const shareableMs = 250;
const maxTries = 3;

/**
 * Remembers what was read, and forgets it as soon as the database announces a change. It never answers from memory while
 * changes cannot be heard. A hit is synchronous.
 */
export class FreshCache<T> {
  readonly #options: FreshCacheOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #loads = new Map<string, Load<T>>();
  #loadsInFlight = 0;

  constructor(options: FreshCacheOptions<T>) {
    this.#options = options;
    options.notifications.subscribe(
      options.channel,
      (id) => this.#forget(id),
      () => this.#forgetAll(),
    );
  }

  /** Rejects with what the read threw, or with OVERLOADED when too many reads are on their way. */
  get(id: string): T | undefined | Promise<T | undefined> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.#options.notifications.isCurrent()) return this.#read(id);
    entry.wasUsed = true;
    return entry.value;
  }

  #forget(id: string): void {
    this.#entries.delete(id);
    this.#supersede(id);
  }

  #forgetAll(): void {
    this.#entries.clear();
    for (const id of this.#loads.keys()) this.#supersede(id);
  }

  async #read(id: string): Promise<T | undefined> {
    for (let tries = 1; ; tries++) {
      const load = this.#shareableLoad(id) ?? this.#startLoad(id);
      const value = await load.value;
      // The last try is taken as it is: it began after the caller asked, so it is no older than the question.
      if (!load.isSuperseded || tries === maxTries) return value;
    }
  }

  #shareableLoad(id: string): Load<T> | undefined {
    const load = this.#loads.get(id);
    if (load === undefined || this.#options.notifications.isCurrent()) return load;
    return performance.now() - load.startedAtMs < shareableMs ? load : undefined;
  }

  #startLoad(id: string): Load<T> {
    if (this.#loadsInFlight >= maxLoads) {
      throw new TollgateError("OVERLOADED", "Too many look-ups at once. Try again in a second.", {
        retryAfterMs: 1_000,
      });
    }
    this.#supersede(id);
    const load = new Load<T>((self) => this.#load(id, self));
    this.#loads.set(id, load);
    return load;
  }

  async #load(id: string, load: Load<T>): Promise<T | undefined> {
    this.#loadsInFlight++;
    try {
      const value = await this.#options.load(id);
      if (!load.isSuperseded) this.#store(id, value);
      return value;
    } finally {
      this.#loadsInFlight--;
      if (!load.isSuperseded) this.#loads.delete(id);
    }
  }

  // A change that is announced while a read is on its way may or may not be in what it brings, so that is neither
  // stored nor shared with whoever asks after the change.
  #supersede(id: string): void {
    const load = this.#loads.get(id);
    if (load === undefined) return;
    load.isSuperseded = true;
    this.#loads.delete(id);
  }

  #store(id: string, value: T | undefined): void {
    if (value === undefined) {
      this.#entries.delete(id);
      return;
    }
    this.#entries.set(id, { value, wasUsed: true });
    if (this.#entries.size > this.#options.maxEntries) this.#evictOne();
  }

  // Second chance in place of strict least-recently-used: moving an entry to the end of a Map at every hit leaves its
  // deleted places in one hash chain, and a hot key then costs 30 µs a hit (measured, 10,000 entries).
  #evictOne(): void {
    for (const [id, entry] of this.#entries) {
      this.#entries.delete(id);
      if (!entry.wasUsed) return;
      entry.wasUsed = false;
      this.#entries.set(id, entry);
    }
  }
}

interface Entry<T> {
  value: T;
  wasUsed: boolean;
}

class Load<T> {
  readonly startedAtMs = performance.now();
  readonly value: Promise<T | undefined>;
  isSuperseded = false;

  constructor(start: (load: Load<T>) => Promise<T | undefined>) {
    this.value = start(this);
  }
}
