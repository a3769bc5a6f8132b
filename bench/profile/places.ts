import { readFile } from "node:fs/promises";
import { SourceMap } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../paths.ts";
import type { CallFrame, SelfTime } from "./cpu-profile.ts";

const distDir = path.join(root, "dist") + path.sep;

interface Share {
  name: string;
  /** Of the time in which the event loop was not waiting. */
  share: number;
}

/** The functions and the packages that took the time, most first. */
export async function placeNames(
  times: SelfTime[],
): Promise<{ functions: Share[]; groups: Share[]; idleShare: number }> {
  const total = sumOf(times);
  const busy = times.filter(({ frame }) => frame.functionName !== "(idle)");
  const busyTime = sumOf(busy);
  const groups = new Map<string, number>();
  for (const { frame, time } of busy) groups.set(groupOf(frame), (groups.get(groupOf(frame)) ?? 0) + time / busyTime);
  const functions = await Promise.all(
    busy.slice(0, 40).map(async ({ frame, time }) => ({ name: await nameOf(frame), share: time / busyTime })),
  );
  return {
    functions,
    groups: [...groups].map(([name, share]) => ({ name, share })).sort((a, b) => b.share - a.share),
    idleShare: 1 - busyTime / total,
  };
}

function sumOf(times: SelfTime[]): number {
  return times.reduce((sum, { time }) => sum + time, 0);
}

const families: [RegExp, string][] = [
  [/^@apollo\//, "@apollo/server"],
  [/^(pg|pg-.*|postgres-.*)$/, "pg"],
  [/^(fastify|find-my-way|avvio|secure-json-parse|fast-json-stringify|@fastify\/.*|light-my-request)$/, "fastify"],
  [/^(graphql-scalars|type-graphql)$/, "type-graphql"],
];

function groupOf(frame: CallFrame): string {
  if (frame.functionName === "(garbage collector)") return "garbage collection";
  if (frame.functionName === "(program)") return "outside JavaScript (system calls, V8)";
  if (frame.url === "") return "node: native calls";
  if (frame.url.startsWith("node:")) return `node: ${nodePart(frame.url)}`;
  const inPackage = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(frame.url)?.[1];
  if (inPackage !== undefined) return families.find(([names]) => names.test(inPackage))?.[1] ?? inPackage;
  const own = /\/dist\/(domains\/[^/]+|[^/]+)/.exec(frame.url)?.[1];
  return own === undefined ? frame.url : `Tollgate: ${own}`;
}

/** `node:internal/streams/writable` is streams, `node:_http_outgoing` is http. */
function nodePart(url: string): string {
  const [part = ""] = url.replace(/^node:(internal\/)?_?/, "").split(/[/_]/);
  return part;
}

async function nameOf(frame: CallFrame): Promise<string> {
  const { functionName, url, lineNumber } = frame;
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (!url.startsWith("file:")) return url === "" ? name : `${name}  ${url}:${lineNumber + 1}`;
  const file = fileURLToPath(url);
  const source = file.startsWith(distDir) ? await sourceOf(file, frame) : undefined;
  const short = path.relative(root, file).replace(/^.*node_modules\//, "");
  return `${name}  ${source ?? `${short}:${lineNumber + 1}`}`;
}

/** Where it stands in `src/`. */
async function sourceOf(file: string, { lineNumber, columnNumber }: CallFrame): Promise<string | undefined> {
  const map = await readFile(`${file}.map`, "utf8").catch(() => undefined);
  if (map === undefined) return undefined;
  const entry = new SourceMap(JSON.parse(map)).findEntry(lineNumber, columnNumber);
  if (!("originalSource" in entry)) return undefined;
  const source = path.resolve(path.dirname(file), entry.originalSource);
  return `${path.relative(root, source)}:${entry.originalLine + 1}`;
}
