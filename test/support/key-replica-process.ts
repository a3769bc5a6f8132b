import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { newId } from "../../src/core/ids.ts";
import { eventually } from "./eventually.ts";

export type Order =
  | { do: "try once" | "keep trying"; credential: string }
  | { do: "report" | "stop trying" }
  | { do: "revoke"; tenantId: string; apiKeyId: string };

export interface Answer {
  number: number;
  value: Tries | string | undefined;
}

/** What came of many attempts to use a key. The times are those at which an attempt began, in milliseconds since 1970. */
export interface Tries {
  /** How many were ACCEPTED, or refused with each code. */
  outcomes: Record<string, number>;
  lastAcceptedAtMs: number;
  lastRefusedAtMs: number;
}

/** The parent's side of a replica in a process of its own. */
export class KeyReplica {
  readonly instanceId = newId("instance");
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: Answer["value"]) => void; reject: (error: Error) => void }>();
  #lastNumber = 0;

  private constructor(url: string) {
    const script = path.resolve(import.meta.dirname, "key-replica.ts");
    this.#child = fork(script, [url, this.instanceId], { execArgv: ["--import", "tsx"] });
    this.#child.on("message", ({ number, value }: Answer) => {
      this.#waiting.get(number)?.resolve(value);
      this.#waiting.delete(number);
    });
    this.#child.on("exit", (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`The replica ended with ${code}.`));
    });
  }

  static async start(url: string): Promise<KeyReplica> {
    const replica = new KeyReplica(url);
    await replica.#answerTo(0);
    return replica;
  }

  async tryOnce(credential: string): Promise<string> {
    return String(await this.#order({ do: "try once", credential }));
  }

  async keepTrying(credential: string): Promise<void> {
    await this.#order({ do: "keep trying", credential });
    await eventually(async () => (await this.tries()).outcomes["ACCEPTED"], { withinMs: 10_000, what: "a first use" });
  }

  async tries(): Promise<Tries> {
    return triesOf(await this.#order({ do: "report" }));
  }

  async stopTrying(): Promise<Tries> {
    return triesOf(await this.#order({ do: "stop trying" }));
  }

  async revoke(tenantId: string, apiKeyId: string): Promise<void> {
    await this.#order({ do: "revoke", tenantId, apiKeyId });
  }

  /** Returns when the process stands still. */
  async stop(): Promise<void> {
    this.#child.kill("SIGSTOP");
    const isStopped = async () => / T /.test(await readFile(`/proc/${this.#child.pid}/stat`, "utf8"));
    await eventually(isStopped, { withinMs: 2_000, what: "the process to stop" });
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  async #order(order: Order): Promise<Answer["value"]> {
    const number = ++this.#lastNumber;
    const answer = this.#answerTo(number);
    this.#child.send({ number, order });
    return await answer;
  }

  #answerTo(number: number): Promise<Answer["value"]> {
    return new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
  }
}

function triesOf(value: Answer["value"]): Tries {
  if (typeof value === "object") return value;
  throw new Error("The replica answered something else.");
}
