import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { access, chown, link, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../core/errors.ts";
import { codeOf } from "./error-code.ts";
import { explainServerFailure } from "./postgres-failure.ts";
import { type Launch, serverEnvironment } from "./postgres-launch.ts";
import { StartError } from "./start-error.ts";

const run = promisify(execFile);

/** initdb takes about a second; a slow disk may take many. */
const initdbBoundMs = 120_000;

export interface DataSettings {
  dataDir: string;
  serverDir: string;
  superuser: string;
  initdb: string;
  launch: Launch;
  log: (line: string) => void;
}

/** Sees to it that the server's directory exists, whole, and returns the superuser's password. */
export async function prepareData(settings: DataSettings): Promise<string> {
  const secretFile = `${settings.serverDir}.secret`;
  await removeAbandoned(settings.dataDir);
  const made = await exists(settings.serverDir);
  if (made && !(await exists(secretFile))) {
    throw new StartError(
      `${secretFile} holds the password of the database in ${settings.serverDir} and is missing: put it back from your ` +
        "backup, or move both aside to begin with an empty database.",
    );
  }
  const password = await readOrMakeSecret(secretFile);
  if (!made) await initialise(settings, password);
  return password;
}

/**
 * The secret is made before the database and never changed, so that an initdb that was interrupted, or two at once, all
 * use one password. `link` fails where the name is taken: of two makers one wins, and both read the winner's.
 */
async function readOrMakeSecret(file: string): Promise<string> {
  if (!(await exists(file))) {
    const draft = `${file}.${randomBytes(6).toString("hex")}`;
    await writeFile(draft, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx", flush: true });
    try {
      await link(draft, file);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }
  return (await readFile(file, "utf8")).trim();
}

const workPrefix = "postgres.initdb-";

/**
 * Works in a sibling and renames at the end: a directory of the final name is always whole. Two starts at once make
 * one each, and the one that renames second throws its own away.
 */
async function initialise({ initdb, launch, log, ...settings }: DataSettings, password: string): Promise<void> {
  log(`Making a new database in ${settings.serverDir}`);
  const work = await mkdtemp(path.join(settings.dataDir, workPrefix));
  const passwordFile = path.join(work, "password");
  const made = path.join(work, "data");
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await mkdir(made, { mode: 0o700 });
    if (launch.account !== undefined) await giveTo(launch.account, [work, passwordFile, made]);
    await runInitdb(launch, [
      initdb,
      `--pgdata=${made}`,
      `--username=${settings.superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // Sorts by code point and knows Unicode's cases, alike on every machine: libc's locales differ between them.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      "--no-instructions",
    ]);
    await rename(made, settings.serverDir);
  } catch (error) {
    const lostTheRace = codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST";
    if (!lostTheRace) throw error;
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runInitdb(launch: Launch, command: string[]): Promise<void> {
  const [file = "", ...args] = [...launch.prefix, ...command];
  try {
    await run(file, args, { ...launch.account, cwd: "/", env: serverEnvironment, timeout: initdbBoundMs });
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : messageOf(error);
    throw explainServerFailure("initdb", output, error);
  }
}

async function giveTo({ uid, gid }: { uid: number; gid: number }, files: string[]): Promise<void> {
  await Promise.all(files.map((file) => chown(file, uid, gid)));
}

/** Nothing that initdb may still be working in: only what is older than it may take. */
async function removeAbandoned(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(workPrefix));
  for (const name of names) {
    const work = path.join(dataDir, name);
    const since = (await stat(work).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - since > 2 * initdbBoundMs) await rm(work, { recursive: true, force: true, maxRetries: 5 });
  }
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
