/** One request of a load: what is sent, and the label that each of its inputs must be answered with. */
export interface LoadRequest {
  body: string;
  labels: string[];
  /** What it runs, and is charged for: its inputs, and changed ones where they are explained. */
  inputs: number;
}

/** What the generator is asked to do: keep so many callers busy for so long, each with one request at a time. */
export interface LoadOrder {
  host: string;
  port: number;
  path: string;
  /** Sent as `Authorization: Bearer …` where it is given. */
  credential: string | undefined;
  requests: LoadRequest[];
  clients: number;
  durationMs: number;
}

/** What came of it. Everything that was sent was waited for, so the counts are exact. */
export interface LoadFigures {
  /** Answers that were right in every label. */
  answers: number;
  /** Inputs in these answers. */
  inputs: number;
  /** Requests that got an error, a wrong answer or none. */
  failures: number;
  firstFailure: string | undefined;
  /** From the first request sent to the last answer read. */
  seconds: number;
  p50Ms: number;
  p99Ms: number;
}
