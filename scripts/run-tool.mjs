// Runs a tool of node_modules/.bin, and ends the process with its output where it fails.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

export function runTool(tool, args, env = {}) {
  const bin = path.join(root, "node_modules", ".bin", process.platform === "win32" ? `${tool}.cmd` : tool);
  if (!existsSync(bin)) {
    console.error(`${tool} is not installed, and Tollgate is built with it. Run: npm ci --include=dev`);
    process.exit(1);
  }
  const result = spawnSync(bin, args, {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
    // biome-ignore lint/style/noProcessEnv: it is handed on, not read
    env: { ...process.env, ...env },
  });
  if (result.status === 0) return;
  console.error(`${tool} ${args.join(" ")} failed:\n${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}`);
  process.exit(1);
}
