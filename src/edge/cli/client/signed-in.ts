import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { codeOf } from "../../../platform/error-code.ts";

const signedInSchema = z.object({
  url: z.string(),
  email: z.string(),
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresAt: z.string(),
});

/** A person who signed in with this terminal. */
export type SignedIn = z.infer<typeof signedInSchema>;

/** Undefined where nobody has. */
export async function readSignedIn(file: string): Promise<SignedIn | undefined> {
  try {
    return signedInSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** For this user's eyes only from the first byte on, and never half a file. */
export async function writeSignedIn(file: string, signedIn: SignedIn): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${process.pid}`;
  await rm(beside, { force: true });
  const handle = await open(beside, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(signedIn, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}

export async function forgetSignedIn(file: string): Promise<void> {
  await rm(file, { force: true });
}
