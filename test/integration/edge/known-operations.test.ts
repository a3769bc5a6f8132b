import { buildSchema, parse } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compiled } from "../../../src/edge/graphql/compiled-operation.ts";
import { post, type RawAnswer } from "../../support/door.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;
let tenant: TestTenant;
let weakKey: string;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
  const issued = await tenant.owner.ask(
    "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }",
    { input: { name: "weak", permissions: ["models:read"] } },
  );
  weakKey = issued.data.issueApiKey.secret;
});

afterAll(async () => {
  await gateway.close();
});

/** By Apollo the first time, as a known operation from the second on, and compiled from the seventeenth or so on. */
const times = 20;

const infer = `mutation($input: InferInput!) {
  infer(input: $input) { __typename alias outputs { index label scores { label } } model { name } version { version state } usage { meter quantity amount } }
}`;
const report = { startsAt: "2026-01-01T00:00:00Z", endsAt: "2026-01-02T00:00:00Z", groupBy: ["MODEL"] };

const operations: [string, { query: string; variables?: unknown; operationName?: string | null }][] = [
  [
    "a query",
    { query: "{ me { __typename } models { nodes { name versions { labels } } pageInfo { hasNextPage } } }" },
  ],
  ["a literal argument", { query: '{ model(name: "digits") { name aliases { name targets { weight } } } }' }],
  ["an argument in a variable", { query: "query($n: String!) { model(name: $n) { id } }", variables: { n: "mail" } }],
  [
    "aliases",
    {
      query: "query($n: String!) { a: model(name: $n) { x: name } b: model(name: $n) { name } }",
      variables: { n: "mail" },
    },
  ],
  [
    "fragments",
    { query: "query A { models { ...F } } fragment F on ModelConnection { nodes { ... on Model { task } } }" },
  ],
  ["its name", { query: "query A { me { __typename } }", operationName: "A" }],
  ["a wrong name", { query: "query A { me { __typename } }", operationName: "B" }],
  ["two operations", { query: "query A { me { __typename } } query B { tenant { name } }", operationName: "B" }],
  [
    "an interface",
    { query: "query($id: ID!) { node(id: $id) { __typename id ... on Model { name } } }", variables: { id: "TENANT" } },
  ],
  ["directives", { query: "query($s: Boolean!) { tenant { name @skip(if: $s) id } }", variables: { s: true } }],
  ["defaults", { query: "query($f: Int = 1) { models(first: $f) { nodes { name } } }" }],
  ["introspection", { query: "{ __schema { queryType { name } } }" }],
  [
    "a mutation",
    { query: infer, variables: { input: { model: "digits", inputs: [greySquare, greySquare], topK: 3 } } },
  ],
  [
    "a report",
    {
      query: "query($i: UsageReportInput!) { usage(input: $i) { rows { quantity } total { amount } } }",
      variables: { i: report },
    },
  ],
  [
    "an error of ours below a non-null root",
    { query: infer, variables: { input: { model: "none", inputs: [greySquare] } } },
  ],
  [
    "an error of ours with an index",
    { query: infer, variables: { input: { model: "digits", inputs: [greySquare, { text: "x" }] } } },
  ],
  [
    "an error beside data",
    { query: "query($id: ID!) { me { __typename } node(id: $id) { id } }", variables: { id: "key_0" } },
  ],
  [
    "a page size that cannot be",
    { query: "query($f: Int) { apiKeys(first: $f) { nodes { id } } }", variables: { f: 0 } },
  ],
  ["a variable of the wrong type", { query: "query($n: String!) { model(name: $n) { id } }", variables: { n: 7 } }],
  ["a scalar of the wrong type", { query: infer, variables: { input: { model: "digits", inputs: [{ image: 7 }] } } }],
  ["a field that an input has not", { query: infer, variables: { input: { model: "digits", inputs: [], x: 1 } } }],
  ["a variable that is missing", { query: "query($n: String!) { model(name: $n) { id } }", variables: {} }],
  ["null for what cannot be", { query: infer, variables: { input: null } }],
  ["variables that are no object", { query: "query($n: String!) { model(name: $n) { id } }", variables: [1] }],
  [
    "more inputs than an operation may",
    { query: infer, variables: { input: { model: "digits", inputs: Array(1_025).fill(greySquare) } } },
  ],
];

describe("an operation is answered alike, to the byte, however often it is asked:", () => {
  test.each(operations)("%s", async (_name, operation) => {
    await expectAlike(operation, tenant.owner.credential);
  });

  test.each(operations)("%s, without the permission", async (_name, operation) => {
    await expectAlike(operation, weakKey);
  });

  test("without a credential", async () => {
    await expectAlike({ query: "{ me { __typename } }" }, undefined);
  });
});

test("an operation that is known does not answer a page of another site", async () => {
  const body = JSON.stringify({ query: "{ tenant { id } }" });
  const authorization = `Bearer ${tenant.owner.credential}`;
  for (let i = 0; i < times; i++) expect((await post(gateway.url, body, { authorization })).status).toBe(200);
  const foreign = await post(gateway.url, body, { authorization, "content-type": "text/plain" });
  expect(foreign.status).toBe(400);
});

test("an operation that is known goes through Apollo where the answer is wanted in another type", async () => {
  const body = JSON.stringify({ query: "{ tenant { name } }" });
  const headers = { authorization: `Bearer ${tenant.owner.credential}`, accept: "application/graphql-response+json" };
  for (let i = 0; i < 3; i++) {
    const answer = await post(gateway.url, body, headers);
    expect(answer.headers.get("content-type")).toContain("application/graphql-response+json");
    expect(answer.json).toEqual({ data: { tenant: { name: "Acme" } } });
  }
});

describe("nothing but names gets into a compiled operation:", () => {
  const schema = buildSchema(
    "type Query { f(s: String, l: [Int], i: Int, e: E, b: Boolean): Query g: Int } enum E { A }",
  );
  test("one that is made of them is compiled", () => {
    expect(
      compiled(schema, parse("query Q($s: String) { a: f(s: $s) { g __typename ...F } } fragment F on Query { g }")),
    ).toBeTypeOf("function");
  });
  test.each([
    '{ f(s: "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d0);process.exit(1);//") { g } }',
    "{ f(l: [1]) { g } }",
    "{ f(i: 1) { g } }",
    "{ f(e: A) { g } }",
    "{ f(b: true) { g } }",
    "{ f(s: null) { g } }",
    'query($s: String = "x") { f(s: $s) { g } }',
    "query($b: Boolean!) { g @skip(if: $b) }",
    "{ __proto__: g }",
    "{ __schema { queryType { name } } }",
  ])("not %s", (text) => {
    expect(compiled(schema, parse(text))).toBeUndefined();
  });
});

async function expectAlike(operation: { query: string; variables?: unknown }, credential: string | undefined) {
  const body = JSON.stringify(operation).replace('"TENANT"', JSON.stringify(tenant.id));
  const headers = credential === undefined ? undefined : { authorization: `Bearer ${credential}` };
  const first = comparable(await post(gateway.url, body, headers));
  for (let i = 1; i < times; i++) expect(comparable(await post(gateway.url, body, headers))).toEqual(first);
}

/** All of an answer but what is new each time. */
function comparable({ status, text, headers }: RawAnswer) {
  const fresh = new Set(["date", "x-request-id"]);
  return {
    status,
    text: text.replaceAll(/req_[0-9a-z]{26}/g, "req"),
    headers: [...headers]
      .filter(([name]) => !fresh.has(name))
      .map(([name, value]) => [name, value.replaceAll(/req_[0-9a-z]{26}/g, "req")]),
  };
}
