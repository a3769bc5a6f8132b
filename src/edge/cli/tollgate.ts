import os from "node:os";
import path from "node:path";
import { readEnvironment } from "../../platform/config.ts";
import { runCli } from "./client/run-cli.ts";

// What `npx tollgate` runs (bin/tollgate.mjs).
const environment = readEnvironment();
const configHome = environment["XDG_CONFIG_HOME"] || path.join(os.homedir(), ".config");

// Whoever reads the output may have seen enough: `tollgate jobs results … | head`.
process.stdout.on("error", () => process.exit(0));

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    apiKey: environment["TOLLGATE_API_KEY"] || undefined,
    url: environment["TOLLGATE_URL"] || undefined,
    signedInFile: path.join(configHome, "tollgate", "signed-in.json"),
  },
  { out: process.stdout, err: process.stderr },
);
