// Generates the Prisma client and compiles src/ to dist/, only when something changed since the last build.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(import.meta.dirname, "..");
const stamp = path.join(root, "dist", ".built");
const generated = path.join(root, "src", "platform", "generated");

export function buildIfStale() {
  if (newestChange() > builtAt()) build();
}

function build() {
  rmSync(path.join(root, "dist"), { recursive: true, force: true });
  run("prisma", ["generate"]);
  run("tsc", ["-p", "tsconfig.json"]);
  writeFileSync(stamp, "");
}

function run(tool, args) {
  const bin = path.join(root, "node_modules", ".bin", process.platform === "win32" ? `${tool}.cmd` : tool);
  if (!existsSync(bin)) {
    console.error(`${tool} is not installed, and Tollgate is built with it. Run: npm ci --include=dev`);
    process.exit(1);
  }
  const result = spawnSync(bin, args, { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
  if (result.status === 0) return;
  console.error(`${tool} ${args.join(" ")} failed:\n${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}`);
  process.exit(1);
}

function builtAt() {
  return existsSync(stamp) && existsSync(generated) ? statSync(stamp).mtimeMs : 0;
}

function newestChange() {
  const files = ["package-lock.json", "tsconfig.json", "prisma.config.ts", "prisma/schema.prisma"];
  return Math.max(newestIn(path.join(root, "src")), ...files.map((file) => statSync(path.join(root, file)).mtimeMs));
}

function newestIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.name !== "generated");
  const times = entries.map((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? newestIn(file) : statSync(file).mtimeMs;
  });
  return Math.max(statSync(folder).mtimeMs, ...times);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--force")) build();
  else buildIfStale();
}
