import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { dtypes } from "../models/manifest.ts";
import { packRows, unpackRows } from "./batch.ts";
import { type Frame, FrameReader, FrameWriter, maxReplyBytes, maxRequestBytes, tensorsIn } from "./frame.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import type { RunnerGroup } from "./runner-group.ts";
import type { RunnerReply, RunnerRequest } from "./runner-messages.ts";
import type { RunnerProcess } from "./runner-process.ts";
import { SessionShelf } from "./session-shelf.ts";
import type { Row, Tensor, TensorData } from "./tensor.ts";

/**
 * STARTING  entered when the process is spawned; left for READY by its first frame.
 * READY     takes requests; left for ENDING or GONE.
 * ENDING    entered by end(), which lets it finish, and by kill(): a deadline and its grace have passed, or it sent
 *           something else than the answer that was due. Takes no request. Left for GONE when its process ends.
 * GONE      entered from anywhere when the process ends; what was asked of it and not answered fails. Never left.
 */
export type RunnerMode = "STARTING" | "READY" | "ENDING" | "GONE";

/** The runner ended with a request unanswered. `wasBegun`: it may have been at work on it, so it may be the cause. */
export class RunnerGone extends Error {
  readonly wasBegun: boolean;

  constructor(reason: string, wasBegun: boolean) {
    super(reason);
    this.name = "RunnerGone";
    this.wasBegun = wasBegun;
  }
}

/** ONNX Runtime refused or threw; the runner itself is well. */
export class RunFailed extends Error {
  override readonly name = "RunFailed";
}

export interface RunAnswer {
  rows: Row[];
  runMs: number;
}

interface Call {
  id: number;
  /** When the caller has no more use for the answer, on the clock of performance.now(). */
  deadlineAt: number;
  writer: FrameWriter;
  resolve: (reply: Answered) => void;
  reject: (error: Error) => void;
}

interface Answered {
  runMs: number;
  tensors: Tensor[];
}

/** One child process, and what was asked of it. It answers one thing after the other. */
export class Runner {
  readonly process: RunnerProcess;
  readonly group: RunnerGroup;
  readonly shelf = new SessionShelf();
  /** When it was last given a batch, or came up; on the clock of performance.now(). */
  usedAt = performance.now();
  readonly bornAt = performance.now();
  readonly #graceMs: number;
  readonly #calls: Call[] = [];
  readonly #reader = new FrameReader(maxReplyBytes);
  // The bytes of a batch lie in a writer until its answer is there; then the next batch may have it.
  readonly #freeWriters: FrameWriter[] = [];
  /** The last of those who wait to have it for themselves, and how many they are. */
  #reservation: Promise<void> = Promise.resolve();
  #reservations = 0;
  #onIdle: () => void = () => undefined;
  #mode: RunnerMode = "STARTING";
  #lastId = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #killedFor: string | undefined;
  readonly #started: Promise<void>;
  #onReady: () => void = () => undefined;
  /** Why it ended; settles once. */
  readonly gone: Promise<string>;

  constructor(runnerProcess: RunnerProcess, { group, graceMs }: { group: RunnerGroup; graceMs: number }) {
    this.process = runnerProcess;
    this.group = group;
    this.#graceMs = graceMs;
    this.gone = runnerProcess.ended.then((how) => this.#enterGone(how));
    const ready = new Promise<void>((resolve) => {
      this.#onReady = resolve;
    });
    this.#started = Promise.race([ready, this.gone.then((reason) => Promise.reject(new RunnerGone(reason, false)))]);
    this.#started.catch(() => undefined);
    runnerProcess.pipe.on("data", (piece) => this.#receive(piece));
    // A write to a process that just ended fails; its end itself is what counts, and it is coming.
    runnerProcess.pipe.on("error", () => undefined);
  }

  get mode(): RunnerMode {
    return this.#mode;
  }

  /** Whether it has nothing to do, and can be given something. */
  get isIdle(): boolean {
    return this.#mode === "READY" && this.#calls.length === 0 && this.#reservations === 0;
  }

  get isBusy(): boolean {
    return this.#calls.length > 0 || this.#reservations > 0;
  }

  holds(version: LoadedVersion): boolean {
    return this.shelf.holds(version);
  }

  /**
   * Has it to oneself: it is given no more batches, what it is at work on comes to its end, then the work is done. Those
   * who ask at the same time come one after the other.
   */
  async reserved<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#reservation;
    const { promise, resolve: free } = Promise.withResolvers<void>();
    this.#reservation = promise;
    this.#reservations++;
    try {
      await before;
      await this.#untilIdle();
      return await work();
    } finally {
      this.#reservations--;
      free();
    }
  }

  async #untilIdle(): Promise<void> {
    if (this.#calls.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  async started(): Promise<void> {
    await this.#started;
  }

  /** @param model the bytes of its file; not kept. */
  async load(version: LoadedVersion, model: Uint8Array, deadlineAt: number): Promise<void> {
    const { inputs, outputs } = version.manifest.signature;
    const { session } = version;
    const types = (specs: typeof inputs | typeof outputs) => specs.map(({ name, dtype }) => ({ name, dtype }));
    await this.#call(
      {
        op: "load",
        id: 0,
        session,
        provider: this.group.provider,
        inputs: types(inputs),
        outputs: types(outputs),
        tensors: [{ dtype: "uint8", dims: [model.length] }],
      },
      deadlineAt,
      ([bytes]) => bytes instanceof Uint8Array && bytes.set(model),
    );
    // A model is much larger than a batch: the memory that it was written in is not kept.
    this.#freeWriters.length = 0;
    this.shelf.put(version);
  }

  async release(version: LoadedVersion, deadlineAt: number): Promise<void> {
    this.shelf.remove(version);
    await this.#call({ op: "release", id: 0, session: version.session, tensors: [] }, deadlineAt);
  }

  /** Runs rows together. Rejects with RunFailed or RunnerGone. */
  async run(version: LoadedVersion, rows: readonly Row[], deadlineAt: number): Promise<RunAnswer> {
    const { layout, session } = version;
    this.usedAt = performance.now();
    this.shelf.use(version);
    const { runMs, tensors } = await this.#call(
      { op: "run", id: 0, session, tensors: layout.shapesOf(rows) },
      deadlineAt,
      (views) => packRows(rows, layout, views),
    );
    try {
      return { rows: unpackRows(tensors, rows, layout), runMs };
    } catch (error) {
      throw new RunFailed(messageOf(error), { cause: error });
    }
  }

  /** Ends the process, and whatever it is doing, now. */
  kill(reason: string): void {
    this.#killedFor ??= reason;
    if (this.#mode !== "GONE") this.#mode = "ENDING";
    this.process.kill();
  }

  /** Lets it end by itself: with the pipe closed it has nothing to wait for. */
  async end(withinMs: number): Promise<void> {
    if (this.#mode !== "GONE") this.#mode = "ENDING";
    this.process.pipe.end();
    const impatience = setTimeout(() => this.kill("it did not end when it was asked to"), withinMs);
    await this.gone;
    clearTimeout(impatience);
  }

  #call(request: RunnerRequest, deadlineAt: number, fill?: (views: TensorData[]) => unknown): Promise<Answered> {
    if (this.#mode !== "READY") return Promise.reject(new RunnerGone(`the runner is ${this.#mode}`, false));
    return new Promise((resolve, reject) => {
      const writer = this.#freeWriters.pop() ?? new FrameWriter(maxRequestBytes);
      request.id = ++this.#lastId;
      const views = writer.begin(request);
      fill?.(views);
      this.process.pipe.write(writer.bytes());
      this.#calls.push({ id: request.id, deadlineAt, writer, resolve, reject });
      if (this.#calls.length === 1) this.#watch();
    });
  }

  #receive(piece: Uint8Array): void {
    if (this.#killedFor !== undefined) return;
    try {
      for (const frame of this.#reader.push(piece)) this.#accept(frame);
    } catch (error) {
      this.kill(`it sent garbage: ${messageOf(error)}`);
    }
  }

  /** Nothing that a runner sends is believed: model code may have taken it over. */
  #accept(frame: Frame): void {
    const reply: RunnerReply = replySchema.parse(JSON.parse(frame.header));
    const tensors = tensorsIn(frame, reply.tensors);
    if (reply.op === "ready") {
      if (this.#mode !== "STARTING") throw new Error("a second greeting");
      this.#mode = "READY";
      this.#onReady();
      return;
    }
    const call = this.#calls[0];
    if (call?.id !== reply.id) throw new Error(`an answer to ${reply.id} where ${call?.id ?? "nothing"} was asked`);
    this.#calls.shift();
    this.#freeWriters.push(call.writer);
    this.#watch();
    if (this.#calls.length === 0) this.#onIdle();
    if (reply.op === "done") call.resolve({ runMs: reply.runMs, tensors });
    else call.reject(new RunFailed(reply.reason));
  }

  /** Watches over the request it is at work on; those behind it begin when it is answered. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    const call = this.#calls[0];
    if (call === undefined) return;
    const leftMs = Math.max(0, call.deadlineAt - performance.now()) + this.#graceMs;
    this.#watchdog = setTimeout(() => this.kill("it gave no answer in time"), Math.min(leftMs, maxTimerMs));
  }

  #enterGone(how: string): string {
    this.#mode = "GONE";
    clearTimeout(this.#watchdog);
    const reason = this.#killedFor ?? how;
    for (const [i, call] of this.#calls.splice(0).entries()) call.reject(new RunnerGone(reason, i === 0));
    this.#onIdle();
    return reason;
  }
}

const maxTimerMs = 2 ** 31 - 1;

const shapes = z.array(z.object({ dtype: z.enum(dtypes), dims: z.array(z.int().nonnegative()).max(16) })).max(256);

const replySchema = z.discriminatedUnion("op", [
  z.object({ op: z.literal("ready"), id: z.literal(0), tensors: shapes.length(0) }),
  z.object({ op: z.literal("done"), id: z.int(), runMs: z.number().nonnegative(), tensors: shapes }),
  z.object({ op: z.literal("failed"), id: z.int(), reason: z.string().max(2000), tensors: shapes.length(0) }),
]);
