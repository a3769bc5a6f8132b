/** Where a command writes: results to `out`, everything about them to `err`, so that `> file` has results only. */
export interface Terminal {
  out: NodeJS.WritableStream;
  err: NodeJS.WriteStream;
}

/** Rewrites one line of a terminal; where there is none, prints only what changed, a line at a time. */
export class StatusLine {
  readonly #err: NodeJS.WriteStream;
  #last = "";
  #printedAt = 0;

  constructor(err: NodeJS.WriteStream) {
    this.#err = err;
  }

  get columns(): number {
    return this.#err.isTTY ? this.#err.columns : 200;
  }

  show(text: string): void {
    if (text === this.#last) return;
    if (this.#err.isTTY) {
      this.#err.write(`\r${text}\u001b[K`);
    } else {
      // A log gets a line every so often, not several a second.
      if (Date.now() - this.#printedAt < logEveryMs) return;
      this.#printedAt = Date.now();
      this.#err.write(`${text}\n`);
    }
    this.#last = text;
  }

  /** What was shown is over; what is written next begins a line. */
  clear(): void {
    if (this.#err.isTTY && this.#last !== "") this.#err.write("\r\u001b[K");
    this.#last = "";
  }
}

const logEveryMs = 5_000;

/** Columns as wide as what is in them. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
