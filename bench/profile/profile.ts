import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Closer, closeAll } from "../closers.ts";
import { startGenerator } from "../load/generator-process.ts";
import { withExpectedLabels } from "../measure/expected.ts";
import { warmUp } from "../measure/rounds.ts";
import { warmUpSetting } from "../measure/settings.ts";
import type { Options } from "../options.ts";
import { readBodies } from "../requests.ts";
import { startBare } from "../servers/baselines.ts";
import { startGateway } from "../servers/gateway.ts";
import { type CpuProfile, selfTimes } from "./cpu-profile.ts";
import { placeNames } from "./places.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Where the gateway's own process spends its time while one-digit requests keep it busy: the exit code is 0. */
export async function profile(options: Options, closers: Closer[]): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "tollgate-profile-"));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const inner: Closer[] = [];
  closers.push(() => closeAll(inner));
  const bare = await startBare(inner);
  const { digits } = await withExpectedLabels(await readBodies(), bare);
  const gateway = await startGateway(inner, ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=500"]);
  const generator = startGenerator(inner);
  const books = { answers: 0, inputs: 0 };
  await warmUp({ setting: warmUpSetting, servers: [gateway.server], requests: digits, generator, books });
  const order = { ...gateway.server, requests: digits, clients: options.clients };
  // The profile's clock is the machine's monotonic one, in microseconds, and so is this.
  const from = process.hrtime.bigint() / 1000n;
  const figures = await generator.run({ ...order, durationMs: options.isQuick ? 4_000 : 15_000 });
  const to = process.hrtime.bigint() / 1000n;
  if (figures.failures > 0) throw new Error(`${figures.failures} requests failed: ${figures.firstFailure}`);
  await closeAll(inner); // the profile is written when the gateway ends
  const times = selfTimes(await readProfile(folder), { from: Number(from), to: Number(to) });
  const answers = Math.round(figures.answers / figures.seconds);
  say(`\nThe gateway at ${options.clients} clients, one digit a request, ${answers} answers/s while being watched.\n`);
  print(await placeNames(times));
  return 0;
}

async function readProfile(folder: string): Promise<CpuProfile> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile"));
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`the gateway wrote ${files.length} profiles`);
  return JSON.parse(await readFile(path.join(folder, file), "utf8"));
}

function print({ functions, groups, idleShare }: Awaited<ReturnType<typeof placeNames>>): void {
  const percent = (share: number) => `${(100 * share).toFixed(1).padStart(5)} %`;
  say(`Its event loop waited ${percent(idleShare).trim()} of the time. Of the rest, by its own time:\n`);
  for (const { name, share } of functions.slice(0, 10)) say(`  ${percent(share)}  ${name}`);
  say("\nBy package:\n");
  for (const { name, share } of groups.filter((group) => group.share >= 0.002)) say(`  ${percent(share)}  ${name}`);
}
