import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withStartConnection } from "../../../src/platform/start-connection.ts";
import { knock, post } from "../../support/door.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare } from "../../support/people.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

let gateway: TestGateway;
let behindProxy: TestGateway;
let tenant: TestTenant;
let cable: TcpProxy;
const metricsToken = "a token of the operators";

beforeAll(async () => {
  const through = async (databaseUrl: string) => {
    cable = await startTcpProxy(databaseUrl);
    return cable.url;
  };
  [gateway, behindProxy] = await Promise.all([
    startTestGateway({ MAX_REQUESTS_IN_FLIGHT: "1" }, { through }),
    startTestGateway({ TRUSTED_PROXIES: "127.0.0.1,::1", METRICS_TOKEN: metricsToken }),
  ]);
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  cable.accept();
  await Promise.all([gateway.close(), behindProxy.close()]);
  await cable.close();
});

const from = (address: string) => ({ "x-forwarded-for": address });

describe("/metrics", () => {
  const lineOf = (text: string, series: string) => text.split("\n").find((line) => line.startsWith(series));

  test("counts an inference by model and outcome, and names no tenant, key or person", async () => {
    expect((await tenant.key.infer({ model: "digits", inputs: [greySquare, greySquare] })).errors).toEqual([]);
    const { status, text } = await knock(gateway.url, "/metrics");
    expect(status).toBe(200);
    expect(lineOf(text, "tollgate_inferences_total{")).toMatch(/model="digits",version="1",outcome="OK"\} 1$/);
    expect(lineOf(text, "tollgate_inputs_total{")).toMatch(/\} 2$/);
    for (const hidden of [
      tenant.id,
      tenant.apiKeyId,
      tenant.secret.slice(0, 40),
      tenant.ownerEmail,
      "Acme",
      "127.0.0.1",
    ])
      expect(text).not.toContain(hidden);
  });

  test("does not grow by what callers make up", async () => {
    await tenant.key.infer({ model: "made up", inputs: [greySquare] });
    const { text } = await knock(gateway.url, "/metrics");
    expect(text).not.toContain("made up");
  });

  test("without a token is for this machine alone, whatever a header says", async () => {
    expect((await knock(gateway.url, "/metrics", { headers: from("203.0.113.9") })).status).toBe(200);
  });

  test("with a token is for whoever has it", async () => {
    const asked = async (authorization?: string) =>
      await knock(behindProxy.url, "/metrics", { headers: authorization === undefined ? {} : { authorization } });
    for (const authorization of [
      undefined,
      "Bearer",
      `Bearer ${metricsToken}x`,
      `Basic ${metricsToken}`,
      metricsToken,
    ]) {
      const answer = await asked(authorization);
      expect(answer.status).toBe(401);
      expect(answer.json.errors[0].extensions.code).toBe("UNAUTHENTICATED");
    }
    expect((await asked(`Bearer ${metricsToken}`)).text).toContain("tollgate_inferences_total");
  });

  test("is refused to a stranger behind a trusted proxy", async () => {
    const open = await startTestGateway({ TRUSTED_PROXIES: "127.0.0.1" });
    try {
      expect((await knock(open.url, "/metrics", { headers: from("203.0.113.9") })).status).toBe(403);
      expect((await knock(open.url, "/metrics")).status).toBe(200);
    } finally {
      await open.close();
    }
  });
});

describe("X-Forwarded-For", () => {
  async function boundKey(of: TestGateway): Promise<(address?: string) => Promise<number>> {
    const { owner } = await of.createTenant("Bound");
    const issued = await owner.ask("mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }", {
      input: { name: "bound", permissions: ["models:read"], allowedCidrs: ["203.0.113.0/24"] },
    });
    const authorization = `Bearer ${issued.data.issueApiKey.secret}`;
    return async (address) => {
      const headers = { authorization, ...(address === undefined ? {} : from(address)) };
      return (await post(of.url, '{"query":"{ me { id } }"}', headers)).status;
    };
  }

  test("is believed of a trusted proxy, as far as that can know it", async () => {
    const asked = await boundKey(behindProxy);
    expect(await asked("203.0.113.9")).toBe(200);
    expect(await asked("198.51.100.1")).toBe(403);
    expect(await asked()).toBe(403);
    // What the caller wrote itself stands to the left of what the proxy saw.
    expect(await asked("203.0.113.9, 198.51.100.1")).toBe(403);
    expect(await asked("198.51.100.1, 203.0.113.9")).toBe(200);
  });

  test("is not believed of anybody else", async () => {
    const asked = await boundKey(gateway);
    expect(await asked("203.0.113.9")).toBe(403);
  });
});

describe("one request more than MAX_REQUESTS_IN_FLIGHT", () => {
  test("is OVERLOADED at once, with when to come again; then all is as before", async () => {
    await withStartConnection(gateway.databaseUrl, async (connection) => {
      await connection.query("begin");
      await connection.query("lock table audit_events in access exclusive mode");
      const held = tenant.owner.send("{ auditEvents { nodes { id } } }");
      const refused = await eventually(
        async () => {
          const answer = await post(gateway.url, '{"query":"{ __typename }"}');
          return answer.status === 503 ? answer : undefined;
        },
        { withinMs: 5_000, what: "the first request is in progress" },
      );
      expect(refused.json.errors[0].extensions).toMatchObject({ code: "OVERLOADED", retryable: true });
      expect(refused.json.errors[0].extensions.retryAfterMs).toBeGreaterThan(0);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(refused.headers.get("x-request-id")).toBe(refused.json.errors[0].extensions.requestId);
      // Whoever asks how it is, is not one of those.
      expect((await knock(gateway.url, "/healthz")).json).toEqual({ status: "alive" });
      expect((await knock(gateway.url, "/readyz")).status).toBe(200);
      await connection.query("rollback");
      expect((await held).errors).toEqual([]);
    });
    expect((await post(gateway.url, '{"query":"{ __typename }"}')).status).toBe(200);
  });
});

describe("/readyz", () => {
  test("is 503 while Postgres is away, says what is missing and nothing of where it is, and 200 when it is back", async () => {
    expect((await knock(gateway.url, "/readyz")).json).toEqual({
      status: "ready",
      checks: { database: "ok", runners: "ok", models: "ok" },
    });
    cable.refuse();
    const away = await knock(gateway.url, "/readyz");
    expect(away.status).toBe(503);
    expect(away.json).toEqual({
      status: "not ready",
      checks: { database: "does not answer", runners: "ok", models: "ok" },
    });
    expect((await knock(gateway.url, "/healthz")).status).toBe(200);
    cable.accept();
    await eventually(async () => (await knock(gateway.url, "/readyz")).status === 200, {
      withinMs: 15_000,
      what: "it is ready again",
    });
    expect((await tenant.key.infer({ model: "digits", inputs: [greySquare] })).errors).toEqual([]);
  });

  test("answers within a bound where Postgres says nothing at all", async () => {
    cable.mute();
    const startedAt = performance.now();
    expect((await knock(gateway.url, "/readyz")).status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    cable.refuse(); // ends what is mute
    cable.accept();
    await eventually(async () => (await knock(gateway.url, "/readyz")).status === 200, {
      withinMs: 15_000,
      what: "it is ready again",
    });
  });
});
