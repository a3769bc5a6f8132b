import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { StartError } from "./start-error.ts";

const run = promisify(execFile);

/** How a Postgres program is started: behind which other program, and as which account. */
export interface Launch {
  how: string;
  prefix: string[];
  account?: { uid: number; gid: number };
}

/** What the launched programs must be able to reach. */
export interface LaunchPlace {
  /** The `postgres` executable. */
  program: string;
  /** DATA_DIR, in which the server's own directory is or will be. */
  dataDir: string;
  /** The server's own directory; it need not exist yet. */
  serverDir: string;
}

/**
 * Postgres refuses to run as root. As root we try in turn:
 * 1. a user namespace in which our own account is called `nobody`: the files stay root's, and private directories of
 *    root's work;
 * 2. the accounts `postgres` and `nobody`, which must be able to walk to the program and to the data.
 * A data directory that exists is run by its owner and by nobody else.
 */
export async function chooseLaunch(place: LaunchPlace): Promise<Launch> {
  const owner = await ownerOf(place.serverDir);
  const self = process.getuid?.();
  if (self !== 0) return asOurselves(self, owner, place.serverDir);

  const candidates = await candidatesOfRoot(owner);
  for (const candidate of candidates) {
    if (await canReach(candidate, place)) return candidate;
  }
  throw new StartError(
    `Postgres does not run as root, and none of the ways around it (${candidates.map(({ how }) => how).join(", ")}) can reach ` +
      `${place.program} and ${place.dataDir}: start Tollgate as an ordinary user, choose a DATA_DIR outside private ` +
      "directories, or set DATABASE_URL to a Postgres of your own.",
  );
}

/**
 * The same launch, but the kernel interrupts the program when the thread that started it ends, however it ends. Where
 * the system has no such thing, the launch is unchanged.
 */
export async function dyingWithParent(launch: Launch, log: (line: string) => void): Promise<Launch> {
  const prefix = ["setpriv", "--pdeathsig", "INT", "--"];
  if (await succeeds([...prefix, "true"])) return { ...launch, prefix: [...launch.prefix, ...prefix] };
  log("This system cannot end Postgres together with its parent (no setpriv --pdeathsig): after a kill -9 it stays.");
  return launch;
}

/**
 * What the programs see of the environment: where the programs above lie, and nothing of ours. Gateway secrets have no
 * business in a database server, and a stray PGPORT or LC_ALL must not change it.
 */
export const serverEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

function asOurselves(self: number | undefined, owner: Owner | undefined, serverDir: string): Launch {
  if (owner !== undefined && self !== undefined && owner.uid !== self) {
    throw new StartError(
      `${serverDir} belongs to the account with uid ${owner.uid}, but Tollgate runs with uid ${self}: start it as that ` +
        "account, or choose another DATA_DIR.",
    );
  }
  return { how: "as this user", prefix: [] };
}

interface Owner {
  uid: number;
  gid: number;
}

async function ownerOf(directory: string): Promise<Owner | undefined> {
  return await stat(directory).catch(() => undefined);
}

const userNamespace: Launch = {
  how: "in a user namespace",
  prefix: ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"],
};

async function candidatesOfRoot(owner: Owner | undefined): Promise<Launch[]> {
  if (owner?.uid === 0) return [userNamespace];
  if (owner !== undefined) return [inAccount(`with uid ${owner.uid}`, owner)];
  return [userNamespace, ...(await unprivilegedAccounts())];
}

async function unprivilegedAccounts(): Promise<Launch[]> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  return ["postgres", "nobody"].flatMap((name) => {
    const line = lines.find(([account]) => account === name);
    return line === undefined ? [] : [inAccount(`as ${name}`, { uid: Number(line[2]), gid: Number(line[3]) })];
  });
}

function inAccount(how: string, { uid, gid }: Owner): Launch {
  return { how, prefix: [], account: { uid, gid } };
}

/** Tried rather than computed from mode bits: access lists, missing programs and forbidden namespaces all show here. */
function canReach(launch: Launch, { program, dataDir }: LaunchPlace): Promise<boolean> {
  const look = ["sh", "-c", 'test -x "$1" && test -x "$2"', "sh", program, dataDir];
  return succeeds([...launch.prefix, ...look], launch.account);
}

async function succeeds(command: string[], account?: Owner): Promise<boolean> {
  const [file = "", ...args] = command;
  try {
    await run(file, args, { ...account, cwd: "/", env: serverEnvironment, timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
