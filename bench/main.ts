// `npm run bench`: Tollgate with everything on, against servers that do only the inference. docs/benchmark.md says how
// to read it.
import { type Closer, closeAll } from "./closers.ts";
import { compare } from "./compare.ts";
import { readOptions } from "./options.ts";
import { profile } from "./profile/profile.ts";

const closers: Closer[] = [];
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void closeAll(closers).then(() => process.exit(1)));
}
try {
  const options = readOptions(process.argv.slice(2));
  process.exitCode = options.isProfile ? await profile(options, closers) : await compare(options, closers);
} catch (error) {
  process.stderr.write(`The benchmark broke: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await closeAll(closers);
}
