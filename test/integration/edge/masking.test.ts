import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeApiKey } from "../../../src/domains/keys/api-key-secret.ts";
import { CapturedLog } from "../../support/captured-log.ts";
import { post } from "../../support/door.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { signInAt } from "../../support/people.ts";

let gateway: TestGateway;
let tenant: TestTenant;
const log = new CapturedLog();

beforeAll(async () => {
  gateway = await startTestGateway({ LOG_LEVEL: "trace", INTROSPECTION: "false" }, { log });
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const internals = / {4}at |\/src\/|\.ts\b|node_modules|prisma|postgres|relation|select |audit_events|api_keys|Error\b/i;

describe("nothing secret is logged, at the most talkative level:", () => {
  test("passwords, keys, tokens and inputs of people who sign in, issue keys and ask models", async () => {
    const password = "a wrong password, hush";
    const image = readFileSync(path.resolve(import.meta.dirname, "../../../examples/digits/73-7.png"), "base64");
    const text = "Dear Alice, the code of the safe is 4711.";
    const { client, accessToken, refreshToken } = await signInAt(gateway.url, {
      email: tenant.ownerEmail,
      password: tenant.ownerPassword,
    });
    await gateway.client().refusal("mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }", {
      input: { email: tenant.ownerEmail, password },
    });
    const refreshed = await gateway
      .client()
      .ask(
        "mutation($input: RefreshAccessTokenInput!) { refreshAccessToken(input: $input) { accessToken refreshToken } }",
        {
          input: { refreshToken },
        },
      );
    const issued = await client.ask("mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }", {
      input: { name: "hush", permissions: ["inferences:create"] },
    });
    const { secret } = issued.data.issueApiKey;
    const key = new GraphqlClient(gateway.url, secret);
    expect((await key.infer({ model: "digits", inputs: [{ image }] })).errors).toEqual([]);
    expect((await key.infer({ model: "mail", inputs: [{ text }] })).errors).toEqual([]);
    // What is refused: a text for a picture, a password for a number, a body that is none, a key with a typo.
    await key.infer({ model: "digits", inputs: [{ text }] });
    await key.infer({ model: "digits", inputs: [{ image }], topK: password });
    await post(gateway.url, `{"password": "${password}"`, { authorization: `Bearer ${secret}` });
    await post(gateway.url, "{}", { authorization: `Bearer ${secret}x` });

    expect(log.lines.length).toBeGreaterThan(0);
    const tokens = [accessToken, refreshToken, ...Object.values<string>(refreshed.data.refreshAccessToken)];
    for (const hidden of [tenant.ownerPassword, password, secret, tenant.secret, ...tokens, image, text]) {
      expect(log.text).not.toContain(hidden);
      // Nor a part of it, as far as it is the secret part.
      expect(log.text).not.toContain(hidden.slice(-24));
    }
  });
});

describe("without introspection", () => {
  test.each([
    "{ __schema { types { name } } }",
    '{ __type(name: "Query") { fields { name } } }',
    '{ me { id } a: __type(name: "Tenant") { name } }',
  ])("%s is refused", async (query) => {
    const answer = await tenant.key.send(query);
    expect(answer.data).toBeNull();
    expect(new Set(answer.errors.map((error) => error.extensions.code))).toEqual(new Set(["INVALID_INPUT"]));
    expect(JSON.stringify(answer.errors)).not.toContain("TenantConnection");
  });

  const slips: [string, string, Record<string, unknown>][] = [
    ["a field", "{ tenant { nam } }", {}],
    ["an argument", '{ model(name: "digits", nam: "x") { id } }', {}],
    ["a type", "query($a: InferInpu) { me { id } }", {}],
    ["a fragment's type", "{ ... on Quer { me { id } } }", {}],
    [
      "an enum's value",
      'query { usage(input: { startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-02-01T00:00:00Z", groupBy: [MODE] }) { total { meter } } }',
      {},
    ],
    [
      "an input's field in a variable",
      "mutation($i: InferInput!) { infer(input: $i) { id } }",
      { i: { model: "digits", modl: "x", inputs: [] } },
    ],
    [
      "an enum's value in a variable",
      "query($i: UsageReportInput!) { usage(input: $i) { total { meter } } }",
      { i: { startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-02-01T00:00:00Z", interval: "DAYS" } },
    ],
  ];
  test.each(slips)("a slip in %s is refused without a hint of what there is", async (_name, query, variables) => {
    const answer = await tenant.key.send(query, variables);
    expect(answer.errors.length).toBeGreaterThan(0);
    for (const error of answer.errors) {
      expect(error.extensions.code).toBe("INVALID_INPUT");
      expect(error.message).not.toMatch(/Did you mean|"(name|Query|MODEL|model|DAY)"/);
    }
  });
});

// Last, because the gateway is not whole afterwards.
describe("what breaks on our side", () => {
  /** An access token that the gateway has not met yet. */
  let unmet: string;

  beforeAll(async () => {
    const person = { email: tenant.ownerEmail, password: tenant.ownerPassword };
    unmet = (await signInAt(gateway.url, person)).accessToken;
  });

  test("in a resolver is told by a request id alone; the log has the cause under that id", async () => {
    await gateway.sql("alter table audit_events rename to taken_away");
    const answer = await tenant.owner.send("{ auditEvents { nodes { id } } }");
    expect(answer.errors).toHaveLength(1);
    const [error] = answer.errors;
    const requestId = answer.headers.get("x-request-id") ?? "";
    expect(error).toMatchObject({
      message: `Something broke on our side. Tell support the request id ${requestId}.`,
      path: ["auditEvents"],
      extensions: { code: "INTERNAL", retryable: true, requestId },
    });
    expect(Object.keys(error?.extensions ?? {}).sort()).toEqual(["code", "requestId", "retryable"]);
    expect(JSON.stringify({ ...error, path: [] })).not.toMatch(internals);

    const events = log.events({ level: "error", requestId });
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events[0])).toContain("audit_events");
    expect(JSON.stringify(events[0])).not.toContain(tenant.owner.credential);
  });

  test("before GraphQL is told in the same way, with 500", async () => {
    await gateway.sql("alter table sign_ins rename to taken_away_too");
    const answer = await post(gateway.url, '{"query":"{ me { id } }"}', { authorization: `Bearer ${unmet}` });
    expect(answer.status).toBe(500);
    const requestId = answer.headers.get("x-request-id") ?? "";
    expect(answer.json).toEqual({
      errors: [
        {
          message: `Something broke on our side. Tell support the request id ${requestId}.`,
          extensions: { code: "INTERNAL", retryable: true, requestId },
        },
      ],
    });
    const events = log.events({ level: "error", requestId });
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events[0])).toContain("sign_ins");
    expect(JSON.stringify(events[0])).not.toContain(unmet);
  });

  test("keeps an API key from being looked up, which is told as that, and the log has the cause", async () => {
    await gateway.sql("alter table api_keys rename to taken_away_as_well");
    const authorization = `Bearer ${makeApiKey().credential}`;
    const answer = await post(gateway.url, '{"query":"{ me { id } }"}', { authorization });
    expect(answer.status).toBe(503);
    expect(answer.json.errors[0].extensions).toMatchObject({ code: "OVERLOADED", retryable: true });
    expect(answer.text).not.toMatch(internals);
    const events = log.events({ level: "warn", requestId: answer.headers.get("x-request-id") });
    expect(JSON.stringify(events)).toContain("api_keys");
  });
});
