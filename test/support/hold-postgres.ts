// A process for the fault tests to kill: starts the server of the directory, says so in one line of JSON, and stays.
import { startEmbeddedPostgres } from "../../src/platform/embedded-postgres.ts";

const [dataDir = "", ...flags] = process.argv.slice(2);
process.on("SIGINT", () => process.stdout.write("draining\n"));
const { pid, adopted, ...server } = await startEmbeddedPostgres({
  dataDir,
  log: (line) => process.stderr.write(`${line}\n`),
  dieWithParent: flags.includes("die-with-parent"),
});
process.stdout.write(`${JSON.stringify({ pid, adopted, url: server.url("postgres") })}\n`);
setInterval(() => {}, 60_000);
