import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** A file of the built dashboard, with what its build compressed. */
interface DashboardFile {
  type: string;
  isHashed: boolean;
  plain: Buffer;
  br: Buffer | undefined;
  gzip: Buffer | undefined;
}

/** The built dashboard, read once: a few hundred kilobytes, and nothing can be asked for that is not in it. */
export interface DashboardFiles {
  /** By the path of its URL, such as `/assets/index-B7pQ.js`. */
  byPath: ReadonlyMap<string, DashboardFile>;
  /** The pages, by the path of their URL; each has `placeholder` where a response's nonce goes. */
  pages: { index: string; graphiql: string };
}

export const noncePlaceholder = "__CSP_NONCE__";

const types: Record<string, string> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
};

/** Undefined where it was not built. */
export async function readDashboard(folder: string): Promise<DashboardFiles | undefined> {
  const pages = await Promise.all([
    readFile(path.join(folder, "index.html"), "utf8"),
    readFile(path.join(folder, "graphiql.html"), "utf8"),
  ]).catch(() => undefined);
  if (pages === undefined) return undefined;
  const [index, graphiql] = pages;
  const names = await readdir(folder, { recursive: true });
  const served = names.filter((name) => path.extname(name) in types);
  const files = await Promise.all(served.map(async (name) => [urlOf(name), await readOne(folder, name)] as const));
  return { byPath: new Map(files), pages: { index, graphiql } };
}

async function readOne(folder: string, name: string): Promise<DashboardFile> {
  const file = path.join(folder, name);
  const compressed = (ending: string) => readFile(`${file}${ending}`).catch(() => undefined);
  const [plain, br, gzip] = await Promise.all([readFile(file), compressed(".br"), compressed(".gz")]);
  const type = types[path.extname(name)] ?? "application/octet-stream";
  return { type, isHashed: urlOf(name).startsWith("/assets/"), plain, br, gzip };
}

function urlOf(name: string): string {
  return `/${name.split(path.sep).join("/")}`;
}
