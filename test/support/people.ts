import { GraphqlClient } from "./graphql-client.ts";

/** Signs in and returns a client that asks as this person, and the access token it does so with. */
export async function signInAt(
  url: string,
  person: { email: string; password: string },
): Promise<{ client: GraphqlClient; accessToken: string; refreshToken: string }> {
  const answer = await new GraphqlClient(url).ask(
    "mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }",
    { input: { email: person.email, password: person.password } },
  );
  const { accessToken, refreshToken } = answer.data.signIn;
  return { client: new GraphqlClient(url, accessToken), accessToken, refreshToken };
}

/** The inputs that the tenant's quota counts in this period. */
export async function usedInputs(client: GraphqlClient): Promise<number> {
  const { limits } = (await client.ask("{ limits { meter used } }")).data;
  return limits.find((limit: { meter: string }) => limit.meter === "inputs").used;
}

/** One input for the model `digits`: a grey square. */
export const greySquare = {
  tensor: { dtype: "uint8", shape: [784], data: Buffer.alloc(784, 7).toString("base64") },
};
