// Builds the dashboard: the types of its operations from schema.graphql, a check of all that is written on them, the
// bundle, and each file of it compressed, once, rather than for every browser that asks.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { newestChange } from "./newest-change.mjs";
import { root, runTool } from "./run-tool.mjs";

const dist = path.join(root, "dashboard", "dist");
const stamp = path.join(dist, ".built");

export function isDashboardStale() {
  if (!existsSync(stamp)) return true;
  const sources = ["dashboard", "schema.graphql", "package-lock.json"];
  return sources.some((source) => newestChange(path.join(root, source)) > statSync(stamp).mtimeMs);
}

export function buildDashboard() {
  rmSync(dist, { recursive: true, force: true });
  runTool("graphql-codegen", ["--config", "dashboard/codegen.yml"]);
  runTool("tsc", ["-p", "dashboard"]);
  // Whatever a test runner calls itself: what is tested is what is shipped, and not a third larger.
  runTool("vite", ["build", "dashboard", "--logLevel", "warn"], { NODE_ENV: "production" });
  compress();
  writeFileSync(stamp, "");
}

function compress() {
  const names = readdirSync(dist, { recursive: true }).filter((name) => /\.(js|css|svg)$/.test(name));
  for (const name of names) {
    const file = path.join(dist, name);
    const plain = readFileSync(file);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
    writeFileSync(`${file}.br`, brotliCompressSync(plain, { params }));
    writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
  }
}
