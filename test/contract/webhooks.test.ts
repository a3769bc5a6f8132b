import { readFileSync } from "node:fs";
import path from "node:path";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { retryDelayMs } from "../../src/domains/webhooks/retry.ts";
import { testEventType, webhookEventTypeNames } from "../../src/domains/webhooks/webhook.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/webhooks.md"), "utf8");

test("docs/webhooks.md has every type of event, and no other", () => {
  const documented = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \|/gm)].map(([, type]) => type);
  expect(documented).toEqual([...webhookEventTypeNames, testEventType]);
});

test("docs/webhooks.md tells the waits as they are", () => {
  const minutes = Array.from({ length: 8 }, (_, i) => retryDelayMs(i + 1, 0.5) / 60_000);
  expect(minutes.map((wait) => Math.round(wait * 60))).toEqual([5, 20, 80, 320, 1_280, 5_120, 20_480, 50_400]);
  expect(page).toContain("after 5 s, 20 s, 80 s, 5 min, 21 min, 85 min,\n6 h and then every 14 h");
});

test("what its TypeScript verifies is what is signed", () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const at = new Date();
  const body = '{"type":"webhook.test"}';
  const headers = {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign("evt_1", at, body),
  };
  expect(page).toContain("return new Webhook(secret).verify(body, headers);");
  expect(new Webhook(secret).verify(body, headers)).toEqual({ type: "webhook.test" });
  expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow("No matching signature found");
});
