// Generates the Prisma client, compiles src/ to dist/ and builds the dashboard: each only when what it is made of changed.
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboard, isDashboardStale } from "./build-dashboard.mjs";
import { newestChange } from "./newest-change.mjs";
import { root, runTool } from "./run-tool.mjs";

const stamp = path.join(root, "dist", ".built");
const generated = path.join(root, "src", "platform", "generated");

export function buildIfStale() {
  buildGatewayIfStale();
  if (isDashboardStale()) buildDashboard();
}

/** Without the dashboard, whose build fails where an operation of it does not fit a schema that has changed. */
export function buildGatewayIfStale() {
  if (isGatewayStale()) buildGateway();
}

function buildGateway() {
  rmSync(path.join(root, "dist"), { recursive: true, force: true });
  runTool("prisma", ["generate"]);
  runTool("tsc", ["-p", "tsconfig.json"]);
  writeFileSync(stamp, "");
}

function isGatewayStale() {
  if (!existsSync(stamp) || !existsSync(generated)) return true;
  const sources = ["src", "package-lock.json", "tsconfig.json", "prisma.config.ts", "prisma/schema.prisma"];
  return sources.some((source) => newestChange(path.join(root, source)) > statSync(stamp).mtimeMs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--force")) {
    buildGateway();
    buildDashboard();
  } else buildIfStale();
}
