/**
 * Everything that a caller can be told went wrong. A code is a promise: clients branch on it, `docs/errors.md` has a
 * section for each (a test compares the two), and its HTTP status and whether a retry can help are decided here, once.
 */
export const errorCatalogue = {
  UNAUTHENTICATED: { status: 401, retryable: false, summary: "No valid credential came with the request." },
  FORBIDDEN: { status: 403, retryable: false, summary: "The credential is valid but lacks a permission." },
  NOT_FOUND: { status: 404, retryable: false, summary: "There is no such thing for this caller." },
  INVALID_INPUT: { status: 400, retryable: false, summary: "The request cannot be carried out as it is written." },
  CONFLICT: { status: 409, retryable: false, summary: "The request contradicts what already exists." },
  RATE_LIMITED: { status: 429, retryable: true, summary: "Too many requests in too short a time." },
  QUOTA_EXCEEDED: { status: 429, retryable: false, summary: "The quota of this period does not cover the request." },
  BUDGET_EXCEEDED: { status: 429, retryable: false, summary: "The budget of this period does not cover the request." },
  CONCURRENCY_LIMITED: { status: 429, retryable: true, summary: "Too many requests at the same time." },
  OVERLOADED: { status: 503, retryable: true, summary: "Tollgate cannot take the request at the moment." },
  DEADLINE_EXCEEDED: { status: 504, retryable: true, summary: "The answer was not ready at the deadline." },
  MODEL_NOT_READY: { status: 503, retryable: true, summary: "No version behind the alias can answer yet." },
  MODEL_REJECTED: { status: 422, retryable: false, summary: "The model file or its manifest was not accepted." },
  MODEL_WITHHELD: { status: 429, retryable: true, summary: "Inputs of the tenant broke the version again and again." },
  MODEL_FAILED: { status: 502, retryable: true, summary: "The model broke while it worked on the request." },
  QUERY_TOO_COMPLEX: { status: 400, retryable: false, summary: "The GraphQL operation asks for too much at once." },
  INTERNAL: { status: 500, retryable: true, summary: "Something broke on our side." },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCatalogue, text);
}

/** The limit that refused a request, as the caller is shown it. */
export interface LimitDetails {
  id: string;
  kind: string;
  /** `tenant`, or the id of the API key whose limit it is. */
  scope: string;
  /** What is counted, where that is a meter. */
  meter: string | undefined;
  /** The id of the model whose use is limited; undefined: of all. */
  model: string | undefined;
  period: string | undefined;
  limit: number;
  used: number;
  requested: number;
  /** When `used` starts again at zero, where it does. */
  resetsAt: string | undefined;
}

interface ErrorOptions {
  /** The reason for the log; it is never sent to a caller. */
  cause?: unknown;
  retryAfterMs?: number;
  limit?: LimitDetails;
}

/** An error that a caller may read: the message says what happened and what to do, with the values. */
export class TollgateError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly limit: LimitDetails | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = "TollgateError";
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.limit = options.limit;
  }

  get isRetryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/**
 * The one answer for a thing that does not exist and for a thing of another tenant: byte for byte the same, so that
 * nobody learns from it which ids are taken.
 */
export function notFound(thing: string): TollgateError {
  return new TollgateError("NOT_FOUND", `There is no such ${thing}. Check the id and the tenant you are signed in to.`);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // A connection refused on every address of a host is an AggregateError with an empty message of its own.
  if (thrown instanceof AggregateError && thrown.message === "") return thrown.errors.map(messageOf).join("; ");
  return thrown.message;
}
