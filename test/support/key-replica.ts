// A gateway's part of API keys in a process of its own, for the fault tests to stop, cut off and hurry. It does as it is
// told over the channel to its parent, and answers each order with its number.

import { systemClock } from "../../src/core/clock.ts";
import { newId } from "../../src/core/ids.ts";
import { ApiKeyAuthenticator } from "../../src/domains/keys/api-key-authentication.ts";
import { CredentialStore } from "../../src/domains/keys/credential.store.ts";
import { ApiKeyService } from "../../src/domains/keys/keys.service.ts";
import { ApiKeyStore } from "../../src/domains/keys/keys.store.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { startNotifications } from "../../src/platform/notifications.ts";
import type { Answer, Order, Tries } from "./key-replica-process.ts";

const logger = createLogger("silent");
const [url = "", instanceId = ""] = process.argv.slice(2);
const database = await openDatabase(url);
const notifications = await startNotifications({ database, logger, instanceId });
const authenticator = new ApiKeyAuthenticator({
  store: new CredentialStore(database),
  notifications,
  lastUses: { note: () => {} },
  clock: systemClock,
});
const service = new ApiKeyService({
  store: new ApiKeyStore(database),
  clock: systemClock,
  modelIdFor: () => undefined,
});

let tries: Tries = newTries();
let isTrying = false;

async function obey(order: Order): Promise<Tries | string | undefined> {
  switch (order.do) {
    case "try once":
      return await outcomeOf(order.credential);
    case "keep trying":
      tries = newTries();
      isTrying = true;
      keepTrying(order.credential, 0);
      return;
    case "report":
      return tries;
    case "stop trying":
      isTrying = false;
      return tries;
    case "revoke":
      await service.revoke(
        {
          principal: {
            kind: "MEMBER",
            userId: newId("user"),
            signInId: "sgn_test",
            tenantId: order.tenantId,
            permissions: new Set(),
          },
          requestId: undefined,
        },
        order.apiKeyId,
      );
      return;
  }
}

/** Tries as fast as the event loop turns, a few at a time where an answer has to be waited for. */
function keepTrying(credential: string, waiting: number): void {
  let stillWaiting = waiting;
  const turn = () => {
    if (!isTrying) return;
    setImmediate(turn);
    if (stillWaiting >= 20) return;
    stillWaiting++;
    const startedAtMs = Date.now();
    outcomeOf(credential).then((outcome) => {
      stillWaiting--;
      note(outcome, startedAtMs);
    }, abort);
  };
  turn();
}

function note(outcome: string, startedAtMs: number): void {
  tries.outcomes[outcome] = (tries.outcomes[outcome] ?? 0) + 1;
  if (outcome === "ACCEPTED") tries.lastAcceptedAtMs = Math.max(tries.lastAcceptedAtMs, startedAtMs);
  else tries.lastRefusedAtMs = Math.max(tries.lastRefusedAtMs, startedAtMs);
}

async function outcomeOf(credential: string): Promise<string> {
  try {
    await authenticator.authenticate(credential, "10.0.0.1");
    return "ACCEPTED";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

function newTries(): Tries {
  return { outcomes: {}, lastAcceptedAtMs: 0, lastRefusedAtMs: 0 };
}

function send(answer: Answer): void {
  process.send?.(answer);
}

function abort(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}

process.on("disconnect", () => process.exit(0));
process.on("message", ({ number, order }: { number: number; order: Order }) => {
  obey(order).then((value) => send({ number, value }), abort);
});
send({ number: 0, value: undefined });
