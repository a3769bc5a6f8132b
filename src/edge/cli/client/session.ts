import { z } from "zod";
import { usageError } from "./errors.ts";
import { GatewayClient } from "./gateway-client.ts";
import { readSignedIn, type SignedIn, writeSignedIn } from "./signed-in.ts";

export interface Surroundings {
  apiKey: string | undefined;
  url: string | undefined;
  /** Where whoever signed in is kept. */
  signedInFile: string;
}

export const defaultUrl = "http://localhost:4000";
/** Renewed a little before it ends: the request takes its time too. */
const renewedMsBefore = 30_000;

/** A client with the credential that there is: an API key of the environment, or the person who signed in. */
export async function openSession({ apiKey, url, signedInFile }: Surroundings): Promise<GatewayClient> {
  if (apiKey !== undefined) return new GatewayClient(url ?? defaultUrl, () => Promise.resolve(apiKey));
  const signedIn = await readSignedIn(signedInFile);
  if (signedIn === undefined) {
    throw usageError("Set TOLLGATE_API_KEY to an API key, or sign in with `tollgate login`.");
  }
  let current = signedIn;
  return new GatewayClient(url ?? signedIn.url, async () => {
    if (Date.parse(current.expiresAt) - Date.now() < renewedMsBefore) {
      current = await renewed(current);
      await writeSignedIn(signedInFile, current);
    }
    return current.accessToken;
  });
}

export const tokensSchema = z.object({ accessToken: z.string(), refreshToken: z.string(), expiresAt: z.string() });

async function renewed(signedIn: SignedIn): Promise<SignedIn> {
  const anonymous = new GatewayClient(signedIn.url, () => Promise.resolve(undefined));
  const { refreshAccessToken } = await anonymous.ask(
    "mutation($input: RefreshAccessTokenInput!) { refreshAccessToken(input: $input) { accessToken refreshToken expiresAt } }",
    { input: { refreshToken: signedIn.refreshToken } },
    z.object({ refreshAccessToken: tokensSchema }),
  );
  return { ...signedIn, ...refreshAccessToken };
}
