import { TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { Logger } from "../../platform/logger.ts";
import { repeatedly } from "../../platform/repeatedly.ts";
import type { Authenticator } from "../auth/authenticate.ts";

interface OpenStreamsOptions {
  authenticator: Pick<Authenticator, "authenticate">;
  logger: Logger;
  maxStreams: number;
  maxStreamsPerTenant: number;
}

/** A connection on which a caller is told things as they happen. */
interface NewStream {
  authorization: string | undefined;
  clientAddress: string;
  /** Called at most once: why it has to end, where that is not the caller's own wish. */
  end: (why: TollgateError) => void;
}

export interface OpenStream {
  principal: Principal;
  /** The caller has left. */
  close(): void;
}

interface Entry extends NewStream {
  principal: Principal;
  isBeingChecked: boolean;
}

// With the time until a replica hears of a revocation, well within the second of the promise.
const recheckMs = 400;

/**
 * The streams of this gateway. There are only so many, in all and of a tenant, and each is authenticated again several
 * times a second, as a new request would be: one whose credential was revoked, has expired, may do something else by now,
 * or cannot be checked, ends. (For an API key that is a look into memory of some microseconds; for an access token, also
 * a signature, a tenth of a millisecond.)
 */
export class OpenStreams {
  readonly #options: OpenStreamsOptions;
  readonly #streams = new Set<Entry>();
  readonly #rechecking: { stop(): Promise<void> };
  #isClosing = false;

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
    const chore = { everyMs: recheckMs, name: "checking streams again", logger: options.logger };
    this.#rechecking = repeatedly(chore, () => this.#recheckAll());
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Throws (UNAUTHENTICATED and what else authentication throws, or OVERLOADED) what the caller is to be told. */
  async open(stream: NewStream): Promise<OpenStream> {
    const principal = await this.#authenticate(stream);
    this.#refuseOneTooMany(principal);
    const entry: Entry = { ...stream, principal, isBeingChecked: false };
    this.#streams.add(entry);
    return { principal, close: () => this.#streams.delete(entry) };
  }

  /** Ends every stream, so that the door can be shut; its callers connect again, to another gateway. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#rechecking.stop();
    for (const stream of this.#streams) this.#end(stream, stopping());
  }

  async #authenticate({ authorization, clientAddress }: NewStream): Promise<Principal> {
    const principal = await this.#options.authenticator.authenticate(authorization, clientAddress);
    if (principal !== undefined) return principal;
    throw new TollgateError(
      "UNAUTHENTICATED",
      "Send a credential: `authorization` with `Bearer <API key or access token>`, as a header or in connection_init.",
    );
  }

  #refuseOneTooMany(principal: Principal): void {
    const { maxStreams, maxStreamsPerTenant } = this.#options;
    if (this.#isClosing) throw stopping();
    const ofTenant = [...this.#streams].filter((one) => tenantOf(one.principal) === tenantOf(principal)).length;
    if (this.#streams.size < maxStreams && ofTenant < maxStreamsPerTenant) return;
    throw new TollgateError(
      "OVERLOADED",
      ofTenant < maxStreamsPerTenant
        ? `${maxStreams} streams are open. Try again later.`
        : `The tenant has ${maxStreamsPerTenant} streams open, which is the limit. Close some that are not needed.`,
      { retryAfterMs: 5_000 },
    );
  }

  async #recheckAll(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => this.#recheck(stream)));
  }

  async #recheck(stream: Entry): Promise<void> {
    if (stream.isBeingChecked) return;
    stream.isBeingChecked = true;
    try {
      const principal = await this.#authenticate(stream);
      if (!isSame(principal, stream.principal)) this.#end(stream, changed());
    } catch (error) {
      this.#end(stream, error instanceof TollgateError ? error : unknownStanding(error));
    } finally {
      stream.isBeingChecked = false;
    }
  }

  #end(stream: Entry, why: TollgateError): void {
    if (this.#streams.delete(stream)) stream.end(why);
  }
}

function tenantOf(principal: Principal): string | undefined {
  return principal.kind === "OPERATOR" ? undefined : principal.tenantId;
}

function isSame(now: Principal, before: Principal): boolean {
  const { permissions } = before;
  return now.permissions.size === permissions.size && [...now.permissions].every((one) => permissions.has(one));
}

function stopping(): TollgateError {
  return new TollgateError("OVERLOADED", "This gateway stops. Connect again.", { retryAfterMs: 1_000 });
}

function changed(): TollgateError {
  return new TollgateError("UNAUTHENTICATED", "What the credential may do has changed. Connect again.");
}

function unknownStanding(cause: unknown): TollgateError {
  return new TollgateError("OVERLOADED", "The credential could not be checked again just now. Connect again.", {
    cause,
    retryAfterMs: 1_000,
  });
}
