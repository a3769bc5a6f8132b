/** Why the gateway refused, as it says itself. */
export class Refusal extends Error {
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What a response that is not a success says. */
export async function refusalOf(response: Response): Promise<Refusal> {
  const answer: unknown = await response.json().catch(() => undefined);
  const error = isRefused(answer) ? answer.errors[0] : undefined;
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  if (error === undefined) return new Refusal("INTERNAL", `The gateway answered ${response.status}. Try again.`);
  return new Refusal(error.extensions.code, error.message, retryAfter);
}

interface RefusedAnswer {
  errors: { message: string; extensions: { code: string } }[];
}

function isRefused(answer: unknown): answer is RefusedAnswer {
  return typeof answer === "object" && answer !== null && "errors" in answer && Array.isArray(answer.errors);
}
