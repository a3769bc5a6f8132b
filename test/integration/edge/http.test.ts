import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorCatalogue } from "../../../src/core/errors.ts";
import { makeApiKey } from "../../../src/domains/keys/api-key-secret.ts";
import { knock, post, type RawAnswer } from "../../support/door.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";

let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway({ BODY_LIMIT_MB: "1" });
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

/** One error in the house's shape: a code of the catalogue, its own words, and the request id of the header. */
function expectOneError(answer: RawAnswer, code: keyof typeof errorCatalogue): string {
  expect(answer.json, answer.text).toEqual({
    errors: [
      expect.objectContaining({
        message: expect.stringMatching(/^.{10,400}$/s),
        extensions: expect.objectContaining({ code, retryable: errorCatalogue[code].retryable }),
      }),
    ],
  });
  expect(answer.json.errors[0].extensions.requestId).toMatch(/^req_[0-9a-z]{26}$/);
  expect(answer.headers.get("x-request-id")).toBe(answer.json.errors[0].extensions.requestId);
  expect(answer.text).not.toMatch(/ {4}at |node_modules|FST_/);
  return answer.json.errors[0].message;
}

const me = JSON.stringify({ query: "{ me { __typename } }" });
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

describe("what cannot be read is refused with one error in the shape of every other:", () => {
  const bodies: [string, string, Record<string, string>, number][] = [
    ["malformed JSON", '{"query": ', {}, 400],
    ["an empty body", "", {}, 400],
    ["a body of blanks", "   ", {}, 400],
    ["null", "null", {}, 400],
    ["a number", "17", {}, 400],
    ["a text", '"{ me { id } }"', {}, 400],
    ["an object without a query", "{}", {}, 400],
    ["a query that is no text", '{"query":{}}', {}, 400],
    ["variables that are no object", '{"query":"{ me { id } }","variables":"x"}', {}, 400],
    ["an operation that is not there", '{"query":"query A { me { id } }","operationName":"B"}', {}, 400],
    ["a document without an operation", '{"query":"fragment F on Query { me { id } }"}', {}, 400],
    ["what is no GraphQL", '{"query":"select 1"}', {}, 400],
    ["a field that there is not", '{"query":"{ yours { id } }"}', {}, 400],
    ["a batch of operations", `[${me},${me}]`, {}, 400],
    ["a batch of one", `[${me}]`, {}, 400],
    ["an empty batch", "[]", {}, 400],
    // Its protocol has the client send the query next, and says so with 200.
    [
      "the hash of a query that nobody sent",
      '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}',
      {},
      200,
    ],
    ["__proto__", '{"__proto__":{"query":"{ me { id } }"}}', {}, 400],
  ];
  test.each(bodies)("%s", async (_name, body, headers, status) => {
    const answer = await post(gateway.url, body, { ...bearer(tenant.secret), ...headers });
    expectOneError(answer, "INVALID_INPUT");
    expect(answer.status).toBe(status);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"])(
    "a body of type %s, which a form of another site could send",
    async (type) => {
      const answer = await post(gateway.url, me, { ...bearer(tenant.secret), "content-type": type });
      expectOneError(answer, "INVALID_INPUT");
      expect(answer.status).toBe(400);
    },
  );

  test("a body over the limit", async () => {
    const answer = await post(gateway.url, JSON.stringify({ query: "x".repeat(1_100_000) }), bearer(tenant.secret));
    expect(expectOneError(answer, "INVALID_INPUT")).toContain("larger than 1048576 bytes");
    expect(answer.status).toBe(400);
  });

  test("an address where there is nothing", async () => {
    const answer = await knock(gateway.url, "/nowhere?token=hush");
    expect(expectOneError(answer, "NOT_FOUND")).toBe("There is nothing at GET /nowhere. POST to /graphql.");
    expect(answer.status).toBe(404);
  });

  test("a method that there is not", async () => {
    expectOneError(await knock(gateway.url, "/graphql", { method: "DELETE" }), "NOT_FOUND");
  });
});

describe("a request that another site could make a browser send", () => {
  const asked = `/graphql?query=${encodeURIComponent("{ me { kind } }")}`;

  test("as a GET without a header of its own is refused", async () => {
    const answer = await knock(gateway.url, asked, { headers: bearer(tenant.secret) });
    expectOneError(answer, "INVALID_INPUT");
    expect(answer.status).toBe(400);
  });

  test("as a GET that a browser asks about first is answered", async () => {
    const headers = { ...bearer(tenant.secret), "apollo-require-preflight": "1" };
    expect((await knock(gateway.url, asked, { headers })).json).toEqual({ data: { me: { kind: "API_KEY" } } });
  });

  test("as a GET that changes something is refused even so", async () => {
    const mutation = `/graphql?query=${encodeURIComponent("mutation { signOut }")}`;
    const headers = { ...bearer(tenant.secret), "apollo-require-preflight": "1" };
    expectOneError(await knock(gateway.url, mutation, { headers }), "INVALID_INPUT");
  });

  test("gets no leave to read across origins", async () => {
    const answer = await knock(gateway.url, "/graphql", {
      method: "OPTIONS",
      headers: { origin: "https://evil.example" },
    });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("a credential that does not work", () => {
  const claims = { sub: "usr_1", sid: "sgn_1", iss: "tollgate", aud: "tollgate/graphql", iat: 1, exp: 9e9 };
  const token = (header: object, signature = "") =>
    [...[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")), signature].join(".");
  const credentials: [string, () => string][] = [
    ["an API key with a typo", () => `Bearer ${tenant.secret.slice(0, -1)}${tenant.secret.endsWith("0") ? "1" : "0"}`],
    ["an API key that never was", () => `Bearer ${makeApiKey().credential}`],
    ["a token of no algorithm", () => `Bearer ${token({ alg: "none", typ: "JWT" })}`],
    ["a token of another algorithm", () => `Bearer ${token({ alg: "HS256", kid: "x" }, "c2ln")}`],
    ["a token signed by nobody", () => `Bearer ${token({ alg: "ES256", kid: "x" }, "c2ln")}`],
    ["a token of an unknown key", () => `Bearer ${token({ alg: "ES256", kid: "../../etc/passwd" }, "c2ln")}`],
    ["no token at all", () => "Bearer hello"],
    ["another scheme", () => "Basic dTpw"],
  ];
  test.each(credentials)("%s is refused with 401, before anything of the body counts", async (_name, authorization) => {
    const [header, query] = [authorization(), JSON.stringify({ query: "{ __typename }" })];
    const answer = await post(gateway.url, query, { authorization: header });
    const message = expectOneError(answer, "UNAUTHENTICATED");
    expect(answer.status).toBe(401);
    expect(message).not.toContain(header.slice(8));
    // It is no way round for what needs nobody, either: a bad credential never counts as none.
    const signIn = { query: "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }" };
    const variables = { input: { email: tenant.ownerEmail, password: tenant.ownerPassword } };
    const attempt = await post(gateway.url, JSON.stringify({ ...signIn, variables }), { authorization: header });
    expectOneError(attempt, "UNAUTHENTICATED");
  });
});

describe("every answer", () => {
  test.each(["/", "/healthz", "/readyz", "/nowhere"])("of %s has a request id of its own", async (path) => {
    const ids = await Promise.all([1, 2].map(async () => (await knock(gateway.url, path)).headers.get("x-request-id")));
    for (const id of ids) expect(id).toMatch(/^req_[0-9a-z]{26}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test("of GraphQL has one too, which a caller cannot choose", async () => {
    const answer = await post(gateway.url, me, {
      ...bearer(tenant.secret),
      "x-request-id": "mine",
      "request-id": "mine",
    });
    expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-z]{26}$/);
  });
});
