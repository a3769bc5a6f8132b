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

export async function signIn(person: { email: string; password: string }): Promise<void> {
  await ask("POST", "/session", person);
}

/** Ends the session of this browser. */
export async function signOut(): Promise<void> {
  await withFreshSession(() => ask("DELETE", "/session"));
}

/** Goes on as a member of another tenant, or without one as the operator that the person is. */
export async function switchTenant(tenantId: string | null): Promise<void> {
  await withFreshSession(() => ask("POST", "/session/switch", { tenantId }));
}

/**
 * Gets the next access token. Tabs share their cookies, so one of them asks at a time, and one that comes a moment after
 * another finds the work done: the gateway says CONFLICT to it, and the new cookie is there.
 */
export async function refresh(): Promise<boolean> {
  const work = async () => {
    try {
      await ask("POST", "/session/refresh");
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.code === "CONFLICT") return true;
      if (error instanceof Refusal && error.code === "UNAUTHENTICATED") return false;
      throw error;
    }
  };
  return "locks" in navigator ? await navigator.locks.request("tollgate-refresh", work) : await work();
}

async function withFreshSession(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal && error.code === "UNAUTHENTICATED") || !(await refresh())) throw error;
    await work();
  }
}

async function ask(method: string, path: string, body?: unknown): Promise<void> {
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (response.ok) return;
  const answer: unknown = await response.json().catch(() => undefined);
  throw refusalIn(answer, response);
}

interface RefusedAnswer {
  errors: { message: string; extensions: { code: string } }[];
}

function refusalIn(answer: unknown, response: Response): Refusal {
  const error = isRefused(answer) ? answer.errors[0] : undefined;
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  if (error === undefined) return new Refusal("INTERNAL", `The gateway answered ${response.status}. Try again.`);
  return new Refusal(error.extensions.code, error.message, retryAfter);
}

function isRefused(answer: unknown): answer is RefusedAnswer {
  return typeof answer === "object" && answer !== null && "errors" in answer && Array.isArray(answer.errors);
}
