import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import { messageOf } from "../core/errors.ts";
import { bounded } from "./bounded.ts";
import type { Database } from "./database.ts";
import { Hearing } from "./hearing.ts";
import type { Logger } from "./logger.ts";

/** What the triggers of the database announce, each with the id of what changed. */
const channels = [
  "tollgate_api_keys",
  "tollgate_sign_ins",
  "tollgate_users",
  "tollgate_subscriptions",
  "tollgate_models",
  "tollgate_webhooks",
] as const;

export type NotificationChannel = (typeof channels)[number];

export interface Notifications {
  /**
   * Whether every change that was committed until a moment ago (`maxSilenceMs`) has been heard. While it is false, what
   * is remembered may be out of date and the database has to be asked.
   */
  isCurrent(): boolean;
  /** `onGap`: any number of changes may have gone unheard. It is called before `isCurrent()` becomes true again. */
  subscribe(channel: NotificationChannel, onChange: (id: string) => void, onGap: () => void): void;
  close(): Promise<void>;
}

interface NotificationsOptions {
  database: Pick<Database, "dedicatedConnection">;
  logger: Logger;
  instanceId: string;
  heartbeatMs?: number;
  /** With the time that a request takes after it was let in, this has to stay below the second of the promise. */
  maxSilenceMs?: number;
  /** How long a connection may take to open, or to send a beat back, before it is given up. */
  giveUpMs?: number;
}

/**
 * Listens on a connection of its own until it is closed. Resolves when it hears, or after `giveUpMs` without: a gateway
 * that cannot hear is slow, not wrong, so that is no reason not to start.
 *
 * It rests on the session of one server connection, so it does not work through a pooler in transaction mode.
 */
export async function startNotifications(options: NotificationsOptions): Promise<Notifications> {
  const listener = new Listener(options);
  await listener.start();
  return listener;
}

// The first half of the advisory locks by which gateways are known to live; the second is a hash of the instance's id.
const instanceLocks = 72_707_371;

/**
 * Whether the gateway instance holds its connection. An instance that just lost it and is about to reconnect is taken for
 * dead, so what follows from "dead" must be safe to do twice.
 */
export async function isInstanceAlive(database: Pick<Database, "systemSql">, instanceId: string): Promise<boolean> {
  const rows = await database.systemSql({
    name: "instance-lock",
    text: `
      select
      from pg_locks
      where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
        and classid = $1::integer::oid
        and objid = hashtext($2)::oid
        and objsubid = 2
        and granted
      limit 1`,
    values: [instanceLocks, instanceId],
  });
  return rows.length > 0;
}

const backOffMs = { first: 50, longest: 2_000 };

interface Subscriber {
  channel: NotificationChannel;
  onChange: (id: string) => void;
  onGap: () => void;
}

class Listener implements Notifications {
  readonly #options: Required<NotificationsOptions>;
  readonly #hearing: Hearing;
  readonly #beatChannel: string;
  readonly #subscribers: Subscriber[] = [];
  readonly #stopped = new AbortController();
  #state: "starting" | "hears" | "deaf" = "starting";
  #deafSinceMs = performance.now();
  #failedAttempts = 0;
  #running: Promise<void> = Promise.resolve();
  #onBeat = () => {};
  #onHears = () => {};

  constructor(options: NotificationsOptions) {
    this.#options = { heartbeatMs: 250, maxSilenceMs: 600, giveUpMs: 2_000, ...options };
    this.#hearing = new Hearing({ maxSilenceMs: this.#options.maxSilenceMs });
    this.#beatChannel = `tollgate_beat_${options.instanceId}`;
  }

  isCurrent(): boolean {
    return this.#hearing.isCurrent();
  }

  subscribe(channel: NotificationChannel, onChange: (id: string) => void, onGap: () => void): void {
    this.#subscribers.push({ channel, onChange, onGap });
  }

  async start(): Promise<void> {
    const hears = new Promise<void>((resolve) => {
      this.#onHears = resolve;
    });
    this.#running = this.#run();
    await bounded(hears, this.#options.giveUpMs, this.#stopped.signal).catch((error) => this.#nowDeaf(error));
  }

  async close(): Promise<void> {
    this.#stopped.abort(new Error("The listener was closed."));
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const error = await this.#listenUntilItFails();
      if (this.#stopped.signal.aborted) return;
      this.#nowDeaf(error);
      const waitMs = Math.min(backOffMs.first * 2 ** this.#failedAttempts++, backOffMs.longest);
      await pause(waitMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  /** One connection, from its opening to its end. Returns why it ended. */
  async #listenUntilItFails(): Promise<unknown> {
    const client = this.#options.database.dedicatedConnection();
    const broken = new AbortController();
    const life = AbortSignal.any([broken.signal, this.#stopped.signal]);
    client.on("error", (error) => broken.abort(error));
    client.on("end", () => broken.abort(new Error("The connection ended.")));
    client.on("notification", (notification) => {
      if (life.aborted) return;
      try {
        this.#take(notification);
      } catch (error) {
        // A subscriber that could not take in a change must not go on as if it had: the next connection tells it of a gap.
        broken.abort(error);
      }
    });
    try {
      await bounded(this.#open(client), this.#options.giveUpMs, life);
      for (const subscriber of this.#subscribers) subscriber.onGap();
      for (;;) await this.#beat(client, life);
    } catch (error) {
      return life.aborted ? life.reason : error;
    } finally {
      this.#hearing.lose();
      broken.abort(new Error("The connection was given up."));
      // While a statement hangs, this destroys the socket; otherwise it takes its leave, which a dead peer never answers.
      await bounded(client.end(), 500).catch(() => undefined);
    }
  }

  async #open(client: pg.Client): Promise<void> {
    await client.connect();
    // A beat writes nothing worth waiting for the disk.
    await client.query("set synchronous_commit = off");
    // Shared, so that a connection which the server has not yet found dead does not keep its successor waiting.
    await client.query("select pg_advisory_lock_shared($1, hashtext($2))", [instanceLocks, this.#options.instanceId]);
    const names = [...channels, this.#beatChannel].map((name) => client.escapeIdentifier(name));
    await client.query(names.map((name) => `listen ${name}`).join("; "));
  }

  async #beat(client: pg.Client, life: AbortSignal): Promise<void> {
    const startedAtMs = performance.now();
    const heard = new Promise<void>((resolve) => {
      this.#onBeat = resolve;
    });
    const sent = client.query("select pg_notify($1, $2)", [this.#beatChannel, String(this.#hearing.send())]);
    await bounded(Promise.all([sent, heard]), this.#options.giveUpMs, life);
    this.#nowHears();
    const restMs = this.#options.heartbeatMs - (performance.now() - startedAtMs);
    if (restMs > 0) await pause(restMs, undefined, { signal: life });
  }

  #take({ channel, payload = "" }: pg.Notification): void {
    if (channel === this.#beatChannel) {
      this.#hearing.heard(Number(payload));
      this.#onBeat();
      return;
    }
    for (const subscriber of this.#subscribers) if (subscriber.channel === channel) subscriber.onChange(payload);
  }

  #nowHears(): void {
    this.#failedAttempts = 0;
    if (this.#state === "hears") return;
    this.#state = "hears";
    this.#options.logger.info({ deafMs: Math.round(performance.now() - this.#deafSinceMs) }, "hears changes");
    this.#onHears();
  }

  #nowDeaf(error: unknown): void {
    if (this.#state === "deaf") return;
    if (this.#state === "hears") this.#deafSinceMs = performance.now();
    this.#state = "deaf";
    this.#options.logger.warn(
      { reason: messageOf(error) },
      "cannot hear changes: reads the database instead of its caches until it can",
    );
  }
}
