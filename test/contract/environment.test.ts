import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { environmentSchema, readConfig } from "../../src/platform/config.ts";

const example = readFileSync(path.resolve(import.meta.dirname, "../../.env.example"), "utf8");
const documented = new Map(
  [...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
);

test(".env.example has every variable, and no other", () => {
  expect([...documented.keys()].sort()).toEqual(Object.keys(environmentSchema.shape).sort());
});

test("what .env.example gives is what counts without it", () => {
  expect(readConfig(Object.fromEntries(documented))).toEqual(readConfig({}));
});

test("everything that is wrong is said at once", () => {
  const wrong = {
    PORT: "http",
    DATABASE_URL: "mysql://x",
    INTROSPECTION: "maybe",
    METRICS_TOKEN: "short",
    RUNNERS: "0",
  };
  expect(() => readConfig(wrong)).toThrow(
    /PORT must be a whole number from 0 to 65535; DATABASE_URL must start with postgres:\/\/.*; INTROSPECTION must be true or false; METRICS_TOKEN must be at least 16 characters; RUNNERS must be a whole number from 1 to 64/,
  );
});
