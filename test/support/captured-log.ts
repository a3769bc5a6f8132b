import type { DestinationStream } from "pino";

/** Keeps what a gateway logs, for a test to read. */
export class CapturedLog implements DestinationStream {
  /** Every line, as it would stand on stderr. */
  readonly lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }

  get text(): string {
    return this.lines.join("");
  }

  /** The events whose fields include these. */
  events(fields: Record<string, unknown>): Record<string, unknown>[] {
    const events = this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    return events.filter((event) => Object.entries(fields).every(([name, value]) => event[name] === value));
  }
}
