import { TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { ApiKeyAuthenticator } from "../../domains/keys/api-key-authentication.ts";
import { apiKeyMark } from "../../domains/keys/api-key-secret.ts";

interface Dependencies {
  apiKeys: Pick<ApiKeyAuthenticator, "authenticate">;
  accessTokens: { authenticate(accessToken: string): Promise<Principal> };
}

/** Turns the `Authorization` header into who is asking. */
export class Authenticator {
  readonly #apiKeys: Dependencies["apiKeys"];
  readonly #accessTokens: Dependencies["accessTokens"];

  constructor({ apiKeys, accessTokens }: Dependencies) {
    this.#apiKeys = apiKeys;
    this.#accessTokens = accessTokens;
  }

  /**
   * Undefined without a header: what needs nobody may still be asked. Throws or rejects for a credential that does not
   * work; it never counts as none. The answer for an API key that is remembered is there at once.
   */
  authenticate(
    authorizationHeader: string | undefined,
    clientAddress: string,
  ): Principal | undefined | Promise<Principal> {
    if (authorizationHeader === undefined) return undefined;
    const credential = /^Bearer +([!-~]+)$/i.exec(authorizationHeader)?.[1];
    if (credential === undefined) {
      throw new TollgateError(
        "UNAUTHENTICATED",
        "The Authorization header is not understood. Send `Authorization: Bearer <API key or access token>`.",
      );
    }
    if (credential.startsWith(apiKeyMark)) return this.#apiKeys.authenticate(credential, clientAddress);
    return this.#accessTokens.authenticate(credential);
  }
}
