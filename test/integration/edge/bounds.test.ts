import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import { greySquare, usedInputs } from "../../support/people.ts";

let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join(" ");
const literals = (count: number) => `[${times(count, () => '{ text: "a" }')}]`;
const inferAs = (alias: string, inputs: string) =>
  `${alias}: infer(input: { model: "mail", inputs: ${inputs} }) { id }`;
const twoHundred = Array(205).fill(greySquare);

/** Fragments that spread the next one twice: 2^40 fields in a few lines. */
const doubling = `{ ...F0 } ${times(40, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F40 on Query { me { id } }`;

describe("an operation that asks for too much is refused before anything is resolved or charged:", () => {
  const operations: [string, string, Record<string, unknown>, RegExp][] = [
    ["101 aliases", `{ ${times(101, (i) => `a${i}: me { id }`)} }`, {}, /has 101 aliases; the limit is 100/],
    [
      "101 aliases within the schema",
      `{ __schema { queryType { ${times(101, (i) => `a${i}: name`)} } } }`,
      {},
      /has 101 aliases; the limit is 100/,
    ],
    [
      "100 members of each of 100 tenants",
      "{ tenants(first: 100) { nodes { members(first: 100) { nodes { role user { id email } } } } } }",
      {},
      /would resolve \d+ fields; the limit is 10000/,
    ],
    [
      "a page size in a variable",
      "query($n: Int) { tenants(first: $n) { nodes { members(first: $n) { nodes { role user { id email } } } } } }",
      { n: 100 },
      /would resolve \d+ fields; the limit is 10000/,
    ],
    [
      "1,025 inputs in several aliases",
      `mutation($inputs: [InferenceInput!]!) { ${times(6, (i) => inferAs(`a${i}`, "$inputs"))} }`,
      { inputs: twoHundred },
      /infers 1230 inputs; the limit is 1024/,
    ],
    [
      "inputs by way of fragments",
      `mutation($inputs: [InferenceInput!]!) { ${times(6, (i) => `...F${i}`)} } ${times(6, (i) => `fragment F${i} on Mutation { ${inferAs(`a${i}`, "$inputs")} }`)}`,
      { inputs: twoHundred },
      /infers 1230 inputs/,
    ],
    [
      "inputs in a default value",
      `mutation($inputs: [InferenceInput!]! = ${literals(256)}) { ${times(5, (i) => inferAs(`a${i}`, "$inputs"))} }`,
      {},
      /infers 1280 inputs/,
    ],
    ["fragments that double at each step", doubling, {}, /more than 20000 fields and fragments/],
    ["400 inputs written out, which are 2,000 tokens", `mutation { ${inferAs("a", literals(400))} }`, {}, /too long/],
    ["one field 480 times", `{ ${times(480, () => "me { id }")} }`, {}, /too long, or names one field too often/],
  ];

  test.each(operations)("%s", async (_name, query, variables, message) => {
    const before = await usedInputs(tenant.key);
    const startedAt = performance.now();
    const answer = await tenant.key.send(query, variables);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(answer.errors.map((error) => error.extensions.code)).toEqual(["QUERY_TOO_COMPLEX"]);
    expect(answer.errors[0]?.message).toMatch(message);
    expect(answer.status).toBe(400);
    expect(answer.data).toBeNull();
    expect(await usedInputs(tenant.key)).toBe(before);
  });
});

describe("what is asked for in earnest is answered:", () => {
  test("the usual query for the whole schema", async () => {
    const answer = await tenant.key.ask(getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true }));
    expect(answer.data.__schema.queryType.name).toBe("Query");
  });

  test("100 aliases", async () => {
    const answer = await tenant.key.ask(`{ ${times(100, (i) => `a${i}: me { kind }`)} }`);
    expect(Object.keys(answer.data)).toHaveLength(100);
  });

  test("256 inputs, written out", async () => {
    const answer = await tenant.key.ask(`mutation { ${inferAs("a", literals(256))} }`);
    expect(answer.data.a.id).toMatch(/^inf_/);
  });
});

test("the worst document that fits keeps the gateway from others for a moment only", async () => {
  // The most expensive that was found: validation compares each of these with each other, down to the leaves.
  const documents = [
    `{ ${times(480, () => "me { __typename }")} }`,
    `{ ${times(280, () => "models { nodes { name } }")} }`,
    `{ ${times(21, (i) => `...F${i}`)} } ${times(21, (i) => `fragment F${i} on Query { ${times(21, () => "me { __typename }")} }`)}`,
  ];
  for (const document of documents) {
    const used = process.cpuUsage();
    await tenant.key.send(document);
    const { user, system } = process.cpuUsage(used);
    // The processor's time, not the clock's: on a busy machine, the rest is others'. 0.03 to 0.08 s were measured.
    expect((user + system) / 1_000).toBeLessThan(1_000);
  }
});
