import { connect, type Socket } from "node:net";

/** An answer as it came in. `body` is undefined where the connection broke before all of it was there. */
export interface Answer {
  status: number;
  body: string | undefined;
}

const endOfHead = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection with one request under way at a time. It speaks just enough HTTP for answers with a
 * Content-Length: node:http on this side would cost as much as a lean server on the other, and flatten every ratio.
 */
export class Caller {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #onAnswer: ((answer: Answer) => void) | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** @param message the whole request, head and body. */
  ask(message: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      this.#onAnswer = resolve;
      this.#open().write(message);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = connect(this.#port, this.#host);
    socket.setNoDelay(true);
    socket.on("data", (piece: Buffer) => this.#receive(piece));
    socket.on("error", () => undefined); // "close" follows
    socket.on("close", () => this.#lose(socket));
    this.#socket = socket;
    return socket;
  }

  #lose(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
    this.#settle({ status: 0, body: undefined });
  }

  #receive(piece: Buffer): void {
    this.#received = this.#received.length === 0 ? piece : Buffer.concat([this.#received, piece]);
    const headEnd = this.#received.indexOf(endOfHead);
    if (headEnd < 0) return;
    const head = this.#received.toString("latin1", 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#socket?.destroy();
      return;
    }
    const bodyAt = headEnd + endOfHead.length;
    const end = bodyAt + Number(length);
    if (this.#received.length < end) return;
    const body = this.#received.toString("utf8", bodyAt, end);
    this.#received = this.#received.subarray(end);
    this.#settle({ status: Number(head.slice(9, 12)), body });
  }

  #settle(answer: Answer): void {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(answer);
  }
}
