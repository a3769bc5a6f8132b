import { readdirSync, statSync } from "node:fs";
import path from "node:path";

const made = new Set(["generated", "dist", "node_modules"]);

/** When a file, or anything in a folder but what is made by building, was last changed, in milliseconds. */
export function newestChange(place) {
  const { mtimeMs } = statSync(place);
  if (!statSync(place).isDirectory()) return mtimeMs;
  const names = readdirSync(place).filter((name) => !made.has(name));
  return Math.max(mtimeMs, ...names.map((name) => newestChange(path.join(place, name))));
}
