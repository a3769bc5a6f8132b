import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { welcome } from "../../../src/edge/cli/welcome.ts";

const run = promisify(execFile);
const demo = {
  url: "http://localhost:4000",
  operator: { email: "operator@demo.example", password: "abc-def" },
  owner: { email: "owner@demo.example", password: "ghi-jkl" },
  apiKey: "tg_live_key",
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "tollgate-welcome-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What curl would be called with, when the text is pasted into a shell. */
async function argumentsOf(pasted: string): Promise<string[]> {
  const { stdout } = await run("bash", ["-c", `curl() { printf '%s\\0' "$@"; }\n${pasted}`]);
  return stdout.split("\0").slice(0, -1);
}

test.each(["plain", "with a space", "it's", '$(touch x) `touch y` "quoted" \\ %s'])(
  "the request that it prints survives the shell where the examples lie in %j",
  async (name) => {
    const digits = path.join(folder, name, "digits");
    await mkdir(digits, { recursive: true });
    await writeFile(path.join(digits, "73-7.png"), Buffer.alloc(200, 255));
    const text = welcome({ url: demo.url, demo, demoFile: "/data/demo.json", examplesDir: path.join(folder, name) });
    const args = await argumentsOf(/^curl [\s\S]*?\}\}'$/m.exec(text)?.[0] ?? "");
    expect(args.slice(0, -1)).toEqual([
      "-s",
      "http://localhost:4000/graphql",
      "-H",
      "authorization: Bearer tg_live_key",
      "-H",
      "content-type: application/json",
      "-d",
    ]);
    const body = JSON.parse(args.at(-1) ?? "");
    expect(body.variables).toEqual({ png: Buffer.alloc(200, 255).toString("base64") });
    expect(body.query).toContain('infer(input: { model: "digits", inputs: [{ image: $png }] })');
  },
);

test("it says where to go, who can sign in, and where to read it again", () => {
  const text = welcome({ url: demo.url, demo, demoFile: "/data/demo.json", examplesDir: "/examples" });
  for (const part of [
    "http://localhost:4000/graphql",
    "The dashboard is at  http://localhost:4000/\n",
    "owner@demo.example",
    "ghi-jkl",
    "operator@demo.example",
    "abc-def",
    "/data/demo.json",
    "Ctrl-C",
  ])
    expect(text).toContain(part);
});

test("where nothing was seeded, it shows no request and no password", () => {
  const text = welcome({ url: demo.url, demo: undefined, demoFile: "/data/demo.json", examplesDir: "/examples" });
  expect(text).toContain("Tollgate is ready at http://localhost:4000/graphql");
  expect(text).not.toMatch(/curl|password|demo/i);
});
