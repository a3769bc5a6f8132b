import { refusalOf } from "../../session/refusal.ts";
import { refresh } from "../../session/session.ts";
import { Sha256 } from "./sha256.ts";

interface Watched {
  signal: AbortSignal;
  /** @param share how much of the file is done, 0 to 1. */
  onProgress: (share: number) => void;
}

/** The file's SHA-256 in hex, read piece by piece. */
export async function digestOf(file: File, { signal, onProgress }: Watched): Promise<string> {
  const hash = new Sha256();
  const reader = file.stream().getReader();
  for (let done = 0; ; onProgress(done / file.size)) {
    signal.throwIfAborted();
    const { value } = await reader.read();
    if (value === undefined) return hash.digest();
    hash.update(value);
    done += value.length;
  }
}

/**
 * `PUT /artifacts/<digest>`. A file that is there already is answered at once, maybe before it was sent whole: a line
 * that broke is tried once more, and so is a token that ran out. Throws the gateway's refusal.
 */
export async function sendArtifact(file: File, digest: string, watched: Watched): Promise<void> {
  const first = await put(file, digest, watched);
  if (first?.ok === true) return;
  if (first !== undefined && !(first.status === 401 && (await refresh()))) throw await refusalOf(first);
  const second = await put(file, digest, watched);
  if (second === undefined)
    throw new Error("The line to the gateway broke twice. Check your connection and try again.");
  if (!second.ok) throw await refusalOf(second);
}

/** Undefined where the line broke. By XMLHttpRequest: a fetch does not tell how far it has sent. */
async function put(file: File, digest: string, { signal, onProgress }: Watched): Promise<Response | undefined> {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const abort = () => request.abort();
  signal.addEventListener("abort", abort);
  try {
    return await new Promise((resolve, reject) => {
      request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
      request.onerror = () => resolve(undefined);
      request.onabort = () => reject(signal.reason);
      request.onload = () => resolve(new Response(request.responseText, { status: request.status }));
      request.open("PUT", `/artifacts/${digest}`);
      request.setRequestHeader("content-type", "application/octet-stream");
      request.send(file);
    });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
