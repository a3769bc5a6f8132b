import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { z } from "zod";
import { type ExitCode, exitCodes } from "./errors.ts";
import { GatewayClient } from "./gateway-client.ts";
import { defaultUrl, type Surroundings, tokensSchema } from "./session.ts";
import { forgetSignedIn, writeSignedIn } from "./signed-in.ts";
import type { Terminal } from "./terminal.ts";

/** Signs a person in. The password is asked for and kept nowhere; what it bought lies in a file that only they can read. */
export async function logIn(
  { url = defaultUrl, signedInFile }: Surroundings,
  { email, terminal }: { email: string | undefined; terminal: Terminal },
): Promise<ExitCode> {
  const who = email ?? (await askFor("E-mail: ", terminal, "shown"));
  const password = await askFor("Password: ", terminal, "hidden");
  const anonymous = new GatewayClient(url, () => Promise.resolve(undefined));
  const { signIn } = await anonymous.ask(
    "mutation($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken expiresAt } }",
    { input: { email: who, password } },
    z.object({ signIn: tokensSchema }),
  );
  await writeSignedIn(signedInFile, { url: anonymous.url, email: who, ...signIn });
  terminal.err.write(`Signed in to ${anonymous.url} as ${who}.\n`);
  return exitCodes.OK;
}

export async function logOut({ signedInFile }: Surroundings, { err }: Terminal): Promise<ExitCode> {
  await forgetSignedIn(signedInFile);
  err.write("Nobody is signed in here any more.\n");
  return exitCodes.OK;
}

async function askFor(question: string, { err }: Terminal, echo: "shown" | "hidden"): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  let isAsked = false;
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      if (!isAsked || echo === "shown") err.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: isTerminal });
  try {
    const answering = reader.question(question);
    isAsked = true;
    const answer = await answering;
    if (echo === "hidden" && isTerminal) err.write("\n");
    return answer;
  } finally {
    reader.close();
  }
}
