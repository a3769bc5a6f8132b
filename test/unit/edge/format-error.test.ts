import { buildSchema, type DocumentNode, execute, GraphQLError, parse, validate } from "graphql";
import { GraphQLDateTime } from "graphql-scalars";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { messageOf, TollgateError } from "../../../src/core/errors.ts";
import { extensionsOf, formatError } from "../../../src/edge/graphql/format-error.ts";
import { CapturedLog } from "../../support/captured-log.ts";

const log = new CapturedLog();
const options = { logger: pino({ level: "trace" }, log), requestId: "req_1", suggests: true };
const schema = buildSchema(`
  scalar Bytes
  enum Size { SMALL LARGE }
  input In { count: Int, size: Size, bytes: Bytes, flag: Boolean, number: Float, inner: [In!] }
  type Query { look(in: In, id: ID, count: Int): Int }
`);

/** As Apollo hands it on. */
const refused = (message: string, code: string) =>
  formatError({ message, extensions: { code } }, new Error(message), options);

/** As Apollo makes it of what GraphQL says about the variables of a request. */
function variableError(value: unknown): GraphQLError {
  const document: DocumentNode = parse("query($in: In) { look(in: $in) }");
  const result = execute({ schema, document, variableValues: { in: value } });
  if (result instanceof Promise) throw new Error("it was to be answered at once");
  const [error] = result.errors ?? [];
  return new GraphQLError(error?.message ?? "", { originalError: error?.originalError ?? error });
}

const badVariable = (error: GraphQLError, suggests = true) =>
  formatError({ message: error.message, extensions: { code: "BAD_USER_INPUT" } }, error, { ...options, suggests });

describe("a value that does not fit is never sent back:", () => {
  const hidden = 'hush"; at "x"; Hush: 4711';
  const values: [string, unknown, RegExp][] = [
    ["a text for a number", { count: hidden }, /^in\.count: Int cannot represent non-integer value\.$/],
    ["a text for a fraction", { number: hidden }, /^in\.number: Float cannot represent non numeric value\.$/],
    ["a text for a flag", { flag: hidden }, /^in\.flag: Boolean cannot represent a non boolean value\.$/],
    [
      "an object for a number",
      { count: { password: hidden } },
      /^in\.count: Int cannot represent non-integer value\.$/,
    ],
    ["a text for an object", hidden, /^\$in: Expected type "In" to be an object\.$/],
    ["a name for an enum", { size: hidden }, /^in\.size: The value does not exist in "Size" enum\.$/],
    ["a number for an enum", { size: 4711 }, /^in\.size: Enum "Size" cannot represent non-string value\.$/],
    [
      "what names a place of its own",
      { count: '5 at "in.flag"; hush' },
      /^in\.count: Int cannot represent non-integer value\.$/,
    ],
    ["deep inside", { inner: [{}, { inner: [{ count: hidden }] }] }, /^in\.inner\[1\]\.inner\[0\]\.count: Int cannot /],
    ["a megabyte", { count: "hush".repeat(250_000) }, /^in\.count: Int cannot represent non-integer value\.$/],
  ];
  test.each(values)("%s", (_name, value, says) => {
    const original = variableError(value);
    expect(original.message).toMatch(/hush|4711/i);
    const { message } = badVariable(original);
    expect(message).toMatch(says);
    expect(message).not.toMatch(/hush|4711/i);
  });

  test.each(['{ look(count: "hush") }', '{ look(in: { count: "hush" }) }', '{ look(in: { number: "hush" }) }'])(
    "written out, as in %s",
    (text) => {
      const [error] = validate(schema, parse(text));
      expect(error?.message).toContain("hush");
      expect(refused(error?.message ?? "", "GRAPHQL_VALIDATION_FAILED").message).not.toContain("hush");
    },
  );
});

test.each(["hush", { hush: 1 }, true, "2026-13-45 hush"])("nor is one that is no time, such as %j", (value) => {
  const thrown = thrownBy(() => GraphQLDateTime.parseValue(value));
  const { message } = refused(thrown, "BAD_USER_INPUT");
  expect(message).toMatch(/^DateTime cannot represent /);
  expect(message).not.toMatch(/hush|true/);
});

function thrownBy(work: () => unknown): string {
  try {
    work();
    return "nothing was thrown";
  } catch (error) {
    return messageOf(error);
  }
}

describe("what GraphQL refuses", () => {
  test.each([
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
    "BAD_REQUEST",
    "OPERATION_RESOLUTION_FAILURE",
    "PERSISTED_QUERY_NOT_FOUND",
    "PERSISTED_QUERY_NOT_SUPPORTED",
  ])("as %s is INVALID_INPUT, which a caller can mend", (code) => {
    expect(refused("Something.", code).extensions).toEqual({
      code: "INVALID_INPUT",
      retryable: false,
      requestId: "req_1",
    });
  });

  test("is told in a message of bounded length", () => {
    expect(refused("x".repeat(1_000_000), "GRAPHQL_VALIDATION_FAILED").message.length).toBeLessThanOrEqual(500);
    const named = `Variable "$${"v".repeat(1_000_000)}" got invalid value 5; Something is wrong.`;
    expect(refused(named, "BAD_USER_INPUT").message.length).toBeLessThanOrEqual(600);
  });

  test("names what there is to a caller who may read the schema, and to no other", () => {
    const error = variableError({ size: "SMAL" });
    const said = 'in.size: The value does not exist in "Size" enum.';
    expect(badVariable(error).message).toBe(`${said} Did you mean the enum value "SMALL"?`);
    expect(badVariable(error, false).message).toBe(said);
  });
});

describe("an error of ours", () => {
  const limit = {
    id: "lim_1",
    kind: "QUOTA",
    scope: "tenant",
    meter: "inputs",
    model: undefined,
    period: "BILLING_PERIOD",
    limit: 10,
    used: 9,
    requested: 2,
    resetsAt: "2026-12-01",
  };
  const error = new TollgateError("QUOTA_EXCEEDED", "It is used up.", { limit, retryAfterMs: 5, cause: "hush" });
  const told = { code: "QUOTA_EXCEEDED", retryable: false, requestId: "req_1", retryAfterMs: 5, limit };

  test("is told as it was thrown, with all that its caller needs and without its cause", () => {
    const thrown = new GraphQLError(error.message, { originalError: error, path: ["infer"] });
    const formatted = formatError({ message: "x", path: ["infer"], locations: [] }, thrown, options);
    expect(formatted).toEqual({ message: "It is used up.", path: ["infer"], locations: [], extensions: told });
    expect(extensionsOf(error, "req_1")).toEqual(told);
  });

  test("is told so even where a plugin threw it, and Apollo calls it internal", () => {
    const thrown = new GraphQLError(error.message, { originalError: error });
    const formatted = { message: error.message, extensions: { code: "INTERNAL_SERVER_ERROR" } };
    expect(formatError(formatted, thrown, options)).toEqual({ message: "It is used up.", extensions: told });
  });
});

test("anything else is told by the request id alone, and logged with it", () => {
  const cause = new TypeError("relation users: password hush");
  const formatted = formatError(
    { message: cause.message, path: ["me"], extensions: { code: "INTERNAL_SERVER_ERROR", stacktrace: ["at x"] } },
    new GraphQLError(cause.message, { originalError: cause, path: ["me"] }),
    options,
  );
  expect(formatted).toEqual({
    message: "Something broke on our side. Tell support the request id req_1.",
    path: ["me"],
    extensions: { code: "INTERNAL", retryable: true, requestId: "req_1" },
  });
  expect(JSON.stringify(log.events({ requestId: "req_1", msg: "unexpected error" }))).toContain("relation users");
});
