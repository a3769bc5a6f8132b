import { Refusal, refusalOf } from "../../session/refusal.ts";

export interface Upload {
  file: Blob;
  /** Where the dataset is: `/datasets/<id>`. */
  path: string;
  signal: AbortSignal;
  onProgress: (sentBytes: number) => void;
  /** Gets the next access token; false where the session is over. */
  renew: () => Promise<boolean>;
  /** Waits so long, or until the signal. */
  pause: (ms: number) => Promise<void>;
}

/** The first part; each next one is larger or smaller, so that one takes about a second whatever the line. */
const firstPartBytes = 1024 * 1024;
const [leastPartBytes, mostPartBytes] = [256 * 1024, 16 * 1024 * 1024];
const aimMs = 1_000;
const maxFailuresInARow = 6;

/**
 * Sends a file in parts, from where the gateway says that an earlier try came to. What passes by itself (a broken line, a
 * busy gateway, a token that ran out) is waited for, a few times; what the gateway refuses is thrown as it says it.
 */
export async function upload(options: Upload): Promise<void> {
  const { file, signal, onProgress } = options;
  const sending = new Sending(options);
  for (;;) {
    signal.throwIfAborted();
    const reached = await sending.step();
    if (reached === "READY") return onProgress(file.size);
    if (reached !== undefined) onProgress(reached);
  }
}

/** How far an upload is, and how often it failed since it last got further. */
class Sending {
  readonly #options: Upload;
  /** Undefined at the start and after a failure: somebody or something else may have gone on with it. */
  #offset: number | undefined;
  #furthest = -1;
  #failures = 0;
  #partBytes = firstPartBytes;

  constructor(options: Upload) {
    this.#options = options;
  }

  /** Asks how far it is, or sends the next part. Undefined where that came to nothing, and may be tried again. */
  async step(): Promise<Offset | undefined> {
    try {
      const reached = this.#offset === undefined ? await whereItIs(this.#options) : await this.#send(this.#offset);
      if (reached !== "READY") this.#reach(reached);
      return reached;
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (!isPassing(error) || ++this.#failures > maxFailuresInARow) throw error;
      await this.#options.pause(Math.min(8_000, 250 * 2 ** this.#failures));
      this.#offset = undefined;
      return undefined;
    }
  }

  async #send(offset: number): Promise<Offset> {
    const startedAt = performance.now();
    const reached = await sendPart(this.#options, offset, this.#partBytes);
    this.#partBytes = nextPartBytes(this.#partBytes, performance.now() - startedAt);
    return reached;
  }

  #reach(offset: number): void {
    if (offset > this.#furthest) this.#failures = 0;
    this.#furthest = Math.max(this.#furthest, offset);
    this.#offset = offset;
  }
}

type Offset = number | "READY";

async function whereItIs(options: Upload): Promise<Offset> {
  const response = await answered(options, { method: "HEAD" });
  if (response.ok) return offsetIn(response);
  throw bodilessRefusal(response.status);
}

async function sendPart(options: Upload, from: number, partBytes: number): Promise<Offset> {
  const response = await answered(options, {
    method: "PUT",
    headers: {
      "content-type": "application/octet-stream",
      "upload-offset": String(from),
      "upload-length": String(options.file.size),
    },
    body: options.file.slice(from, from + partBytes),
  });
  if (response.ok) return offsetIn(response);
  throw await refusalOf(response);
}

/** The answer of a gateway that knows who asks; once more where it had forgotten. */
async function answered({ path, signal, renew }: Upload, request: RequestInit): Promise<Response> {
  const response = await fetch(path, { ...request, signal });
  if (response.status !== 401 || !(await renew())) return response;
  return await fetch(path, { ...request, signal });
}

function offsetIn({ headers }: Response): Offset {
  return headers.get("upload-complete") === "?1" ? "READY" : Number(headers.get("upload-offset"));
}

/** An answer to HEAD says no more than its number. */
function bodilessRefusal(status: number): Refusal {
  if (status === 404) return new Refusal("NOT_FOUND", "The dataset is no longer there. Choose the file again.");
  if (status === 401) return new Refusal("UNAUTHENTICATED", "You are signed out. Sign in again.");
  if (status === 403) return new Refusal("FORBIDDEN", "Your role does not let you upload.");
  return new Refusal("OVERLOADED", `The gateway answered ${status}. Try again.`);
}

const passing = new Set([
  "CONFLICT",
  "RATE_LIMITED",
  "CONCURRENCY_LIMITED",
  "OVERLOADED",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
]);

/** A fetch that came to nothing is a TypeError. */
function isPassing(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Refusal && passing.has(error.code));
}

export function nextPartBytes(bytes: number, tookMs: number): number {
  const wanted = (bytes * aimMs) / Math.max(tookMs, 1);
  const bounded = Math.min(bytes * 2, Math.max(bytes / 2, wanted));
  return Math.round(Math.min(mostPartBytes, Math.max(leastPartBytes, bounded)));
}
