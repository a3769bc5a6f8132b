import { mkdtemp, readdir, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Webhook } from "standardwebhooks";
import { beforeEach, expect, test } from "vitest";
import { WebhookSecrets } from "../../../src/domains/webhooks/webhook-secrets.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "tollgate-secrets-"));
});

const endpoint = (secretVersion: number) => ({ id: "whe_1", secretVersion, previousSecretExpiresAt: undefined });

test("gateways that start together on one folder agree on every secret, and leave one file that only its owner reads", async () => {
  const gateways = await Promise.all(Array.from({ length: 8 }, () => WebhookSecrets.open(folder)));
  const secrets = gateways.map((gateway) => gateway.secretOf(endpoint(1)));
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(await readdir(folder)).toEqual(["webhooks.key"]);
  expect((await stat(path.join(folder, "webhooks.key"))).mode & 0o777).toBe(0o600);
});

test("each endpoint and each version has a secret of its own", async () => {
  const secrets = await WebhookSecrets.open(folder);
  const all = [
    secrets.secretOf(endpoint(1)),
    secrets.secretOf(endpoint(2)),
    secrets.secretOf({ ...endpoint(1), id: "whe_2" }),
  ];
  expect(new Set(all).size).toBe(3);
});

test("both secrets sign until the overlap ends, and not at its end", async () => {
  const secrets = await WebhookSecrets.open(folder);
  const at = new Date();
  const sign = (untilMs: number) =>
    secrets.sign(
      { ...endpoint(2), previousSecretExpiresAt: new Date(at.getTime() + untilMs) },
      { id: "evt_1", at, body: "{}" },
    );
  expect(sign(1).split(" ")).toHaveLength(2);
  expect(sign(0).split(" ")).toHaveLength(1);
  const headers = {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": sign(1),
  };
  for (const version of [1, 2]) {
    expect(new Webhook(secrets.secretOf(endpoint(version))).verify("{}", headers)).toEqual({});
  }
});

test("a file that is no key stops the start", async () => {
  await writeFile(path.join(folder, "webhooks.key"), "short");
  await expect(WebhookSecrets.open(folder)).rejects.toThrow(
    /webhooks\.key is not the key of the webhooks: it must have 32 bytes/,
  );
});
