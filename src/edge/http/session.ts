import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { TollgateError } from "../../core/errors.ts";
import type { PersonPrincipal } from "../../core/principal.ts";
import type { SignedIn, SignInService } from "../../domains/users/sign-in.service.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import { credentialOf } from "../auth/credential.ts";
import { isOfOurPages } from "../auth/same-origin.ts";
import { endedSessionCookies, readSessionCookies, sessionCookies, sessionPath } from "../auth/session-cookies.ts";

export interface SessionOptions {
  signIn: SignInService;
  authenticator: Authenticator;
}

const signInBody = z.object({ email: z.string(), password: z.string(), tenantId: z.string().optional() });
const switchBody = z.object({ tenantId: z.string().nullable() });

/**
 * The dashboard's way to sign in, stay so and sign out: the same sign-ins as those of the mutations, but the tokens
 * travel in cookies that no script can read, and stand in no answer.
 */
export function registerSession(server: FastifyInstance, options: SessionOptions): void {
  const { signIn, authenticator } = options;
  const preHandler = (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void) => {
    done(isOfOurPages(request.headers, request.host) ? undefined : ofAnotherSite());
  };

  server.post(sessionPath, { preHandler }, async (request, reply) => {
    const { email, password, tenantId } = parse(signInBody, request.body);
    const signedIn = await signIn.signIn({
      email,
      password,
      tenantId,
      clientAddress: request.ip,
      requestId: request.id,
    });
    return keep(signedIn, request, reply);
  });

  server.post(`${sessionPath}/refresh`, { preHandler }, async (request, reply) => {
    const { refreshToken } = readSessionCookies(request.headers);
    if (refreshToken === undefined) throw notSignedIn();
    try {
      return keep(await signIn.refresh({ refreshToken, requestId: request.id }), request, reply);
    } catch (error) {
      // A token that another tab has just used is followed by that tab's new one, so only a dead one is forgotten.
      if (error instanceof TollgateError && error.code === "UNAUTHENTICATED") forget(request, reply);
      throw error;
    }
  });

  server.post(`${sessionPath}/switch`, { preHandler }, async (request, reply) => {
    const { tenantId } = parse(switchBody, request.body);
    const person = await personOf(request, authenticator);
    return keep(await signIn.switchTenant(person, tenantId ?? undefined, request.id), request, reply);
  });

  server.delete(sessionPath, { preHandler }, async (request, reply) => {
    await signIn.signOut(await personOf(request, authenticator), request.id);
    forget(request, reply);
    return await reply.code(204).send();
  });
}

function keep(signedIn: SignedIn, request: FastifyRequest, reply: FastifyReply): { expiresAt: string } {
  const cookies = sessionCookies(signedIn, { now: new Date(), isSecure: request.protocol === "https" });
  void reply.header("set-cookie", cookies).header("cache-control", "no-store");
  return { expiresAt: signedIn.expiresAt.toISOString() };
}

function forget(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header("set-cookie", endedSessionCookies(request.protocol === "https"));
}

async function personOf(request: FastifyRequest, authenticator: Authenticator): Promise<PersonPrincipal> {
  const principal = await authenticator.authenticate(credentialOf(request.headers, request.host), request.ip);
  if (principal === undefined || principal.kind === "API_KEY") throw notSignedIn();
  return principal;
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  // The places alone: what stands in them may be a password.
  const places = parsed.error.issues.map((issue) => issue.path.join(".") || "the body");
  throw new TollgateError("INVALID_INPUT", `These do not fit: ${places.join(", ")}.`);
}

function notSignedIn(): TollgateError {
  return new TollgateError("UNAUTHENTICATED", "Nobody is signed in here, or no longer. Sign in.");
}

function ofAnotherSite(): TollgateError {
  return new TollgateError("FORBIDDEN", "Sessions are for the dashboard's own pages. Other clients use signIn.");
}
