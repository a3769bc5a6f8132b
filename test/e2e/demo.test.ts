import { cp, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { demoIn, newDataDir, processesNaming, root, tollgate } from "../support/terminal.ts";

/** A fresh directory that the demo takes for the system's temporary one. */
const newTemporary = () => mkdtemp(path.join(inject("scratchDirectory"), "tmp-"));

describe("the demo", () => {
  test("tells the whole story, says that everything held, and leaves nothing behind", async () => {
    const TMPDIR = await newTemporary();
    const ended = await tollgate(["demo"], { environment: { TMPDIR } });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    for (const line of [
      /The operator signed in/,
      /made the tenant .*; its owner signed in/,
      /The owner issued an API key: tg_live_/,
      /100 digits, one request each: \d+ recognised/,
      /50 mails, one request each: \d+ told apart rightly/,
      /The usage report says: 100 digits, 50 mails, 150 inputs, 15000 micro-dollars/,
      /The demo tenant's owner sees of it: 0 inputs/,
      /Everything held\./,
      /The gateway stopped in order/,
    ])
      expect(ended.stdout).toMatch(line);
    expect(await readdir(TMPDIR)).toEqual([]);
    expect(await processesNaming(TMPDIR)).toEqual([]);
  });

  test("keeps a DATA_DIR that is named, whose gateway can then be started, and plays again on it", async () => {
    const dataDir = await newDataDir();
    for (const _ of [1, 2]) {
      const ended = await tollgate(["demo"], { environment: { DATA_DIR: dataDir } });
      expect(ended.stdout).toContain("Everything held.");
      expect(ended.code).toBe(0);
    }
    expect((await demoIn(dataDir)).apiKey).toMatch(/^tg_live_/);
    expect(await processesNaming(dataDir)).toEqual([]);
  });
});

describe("a demo that cannot hold says what did not, exits with 1, and leaves nothing behind:", () => {
  /** A Tollgate of its own, in which the test may break what it likes. */
  let copy: string;

  beforeAll(async () => {
    copy = await mkdtemp(path.join(inject("scratchDirectory"), "copy-"));
    for (const part of ["dist", "prisma", "package.json"])
      await cp(path.join(root, part), path.join(copy, part), { recursive: true });
    for (const part of ["node_modules", "models"]) await symlink(path.join(root, part), path.join(copy, part));
  });

  const digits = () => path.join(copy, "examples/digits");
  const breakages: [string, () => Promise<void>, RegExp][] = [
    [
      "a digit that is no picture",
      async () => await writeFile(path.join(digits(), "73-7.png"), "no picture at all"),
      /DID NOT HOLD: INVALID_INPUT: inputs\[0\]\.image is neither a PNG nor a JPEG/,
    ],
    [
      "digits that are labelled wrongly",
      async () => {
        const sevens = (await readdir(digits())).filter((file) => file.endsWith("-7.png") || file.endsWith("-1.png"));
        for (const file of sevens)
          await rename(path.join(digits(), file), path.join(digits(), file.replace(/-\d/, "-0")));
      },
      /DID NOT HOLD: only [78]\d of 100 digits were recognised/,
    ],
    [
      "examples that are not there",
      async () => await rm(path.join(copy, "examples"), { recursive: true }),
      /DID NOT HOLD: .*examples/,
    ],
  ];

  test.each(breakages)("%s", async (_name, break_, says) => {
    await rm(path.join(copy, "examples"), { recursive: true, force: true });
    await cp(path.join(root, "examples"), path.join(copy, "examples"), { recursive: true });
    await break_();
    const TMPDIR = await newTemporary();
    const ended = await tollgate(["demo"], { entry: path.join(copy, "dist/main.js"), environment: { TMPDIR } });
    expect(ended.stdout).toMatch(says);
    expect(ended.stdout).not.toContain("Everything held");
    expect(ended.stdout).not.toMatch(/^ +at /m);
    expect(ended.code).toBe(1);
    expect(await readdir(TMPDIR)).toEqual([]);
  });

  test("a gateway that cannot start", async () => {
    const TMPDIR = await newTemporary();
    const ended = await tollgate(["demo"], { environment: { TMPDIR, MODELS_DIR: path.join(TMPDIR, "none") } });
    expect(ended.stdout).toMatch(/DID NOT HOLD: The gateway ended before it was ready: There is no folder .*none/);
    expect(ended.code).toBe(1);
    expect(await readdir(TMPDIR)).toEqual([]);
  });
});
