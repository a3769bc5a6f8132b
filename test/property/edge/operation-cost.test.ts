import fc from "fast-check";
import { buildSchema, type FragmentDefinitionNode, Kind, type OperationDefinitionNode, parse, validate } from "graphql";
import { expect, test } from "vitest";
import { planOperation } from "../../../src/edge/graphql/operation-cost.ts";

const schema = buildSchema(`
  type Query { ok: Boolean }
  type Mutation { infer(input: In!): Out!, other(input: In!): Out! }
  input In { inputs: [One!]! }
  input One { text: String }
  type Out { id: ID! }
`);

/** How the inputs of one `infer` are written down. */
type Spelling = "literal" | "input variable" | "inputs variable" | "input default" | "inputs default";
/** What stands around it. */
type Wrapping = "none" | "alias" | "inline fragment" | "typed fragment" | "named fragment" | "nested fragments";

interface Asked {
  inputs: number;
  spelling: Spelling;
  wrapping: Wrapping;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  inputs: fc.nat({ max: 40 }),
  spelling: fc.constantFrom("literal", "input variable", "inputs variable", "input default", "inputs default"),
  wrapping: fc.constantFrom("none", "alias", "inline fragment", "typed fragment", "named fragment", "nested fragments"),
});

interface Written {
  field: string;
  declared: string[];
  fragments: string[];
  variables: Record<string, unknown>;
}

function written({ inputs, spelling, wrapping }: Asked, index: number): Written {
  const literal = `[${Array(inputs).fill('{ text: "a" }').join(", ")}]`;
  const values = Array(inputs).fill({ text: "a" });
  const name = `v${index}`;
  const spellings: Record<Spelling, { argument: string; declared: string[]; variables: Record<string, unknown> }> = {
    literal: { argument: `{ inputs: ${literal} }`, declared: [], variables: {} },
    "input variable": { argument: `$${name}`, declared: [`$${name}: In!`], variables: { [name]: { inputs: values } } },
    "inputs variable": {
      argument: `{ inputs: $${name} }`,
      declared: [`$${name}: [One!]!`],
      variables: { [name]: values },
    },
    "input default": { argument: `$${name}`, declared: [`$${name}: In! = { inputs: ${literal} }`], variables: {} },
    "inputs default": { argument: `{ inputs: $${name} }`, declared: [`$${name}: [One!]! = ${literal}`], variables: {} },
  };
  const { argument, ...rest } = spellings[spelling];
  const field = `a${index}: infer(input: ${argument}) { id }`;
  const wrappings: Record<Wrapping, { field: string; fragments: string[] }> = {
    none: { field, fragments: [] },
    alias: { field: field.replace(`a${index}`, `another${index}`), fragments: [] },
    "inline fragment": { field: `... { ${field} }`, fragments: [] },
    "typed fragment": { field: `... on Mutation { ... { ${field} } }`, fragments: [] },
    "named fragment": { field: `...F${index}`, fragments: [`fragment F${index} on Mutation { ${field} }`] },
    "nested fragments": {
      field: `...F${index}`,
      fragments: [
        `fragment F${index} on Mutation { ... { ...G${index} } }`,
        `fragment G${index} on Mutation { ${field} }`,
      ],
    },
  };
  return { ...rest, ...wrappings[wrapping] };
}

test("however the same inputs are written down, aliased and wrapped into fragments, all of them are counted", () => {
  fc.assert(
    fc.property(fc.array(asked, { minLength: 1, maxLength: 8 }), (all) => {
      const parts = all.map(written);
      const declared = parts.flatMap((part) => part.declared).join(", ");
      const document = parse(
        `mutation${declared && `(${declared})`} { ${parts.map((part) => part.field).join(" ")} } ` +
          parts.flatMap((part) => part.fragments).join(" "),
      );
      // Only what would really run proves anything.
      expect(validate(schema, document)).toEqual([]);
      const operation = document.definitions.find(
        (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
      );
      const fragments = document.definitions.filter(
        (one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION,
      );
      if (operation === undefined) throw new Error("There is no operation.");
      const plan = planOperation(schema, operation, new Map(fragments.map((one) => [one.name.value, one])));
      const variables = Object.assign({}, ...parts.map((part) => part.variables));
      expect(plan.inputs(variables)).toBe(all.reduce((sum, one) => sum + one.inputs, 0));
    }),
    { numRuns: 300 },
  );
});
