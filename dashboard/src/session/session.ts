import { Refusal, refusalOf } from "./refusal.ts";

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
  throw await refusalOf(response);
}
