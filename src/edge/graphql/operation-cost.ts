import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { TollgateError } from "../../core/errors.ts";
import { maxPageSize } from "../../core/page.ts";
import { evaluationsOf } from "./explanation-cost.ts";
import { argumentOf, entryOf, lengthOf, type Variables } from "./written-values.ts";

/** How large an operation may be. */
interface OperationLimits {
  maxDepth: number;
  maxAliases: number;
  /** Fields that would be resolved, lists counted at their page size. */
  maxCost: number;
  /** Inputs of all its `infer` fields together. */
  maxInputs: number;
  /** Changed inputs that the explanations of all its `infer` fields could run. */
  maxEvaluations: number;
}

const operationLimits: OperationLimits = {
  maxDepth: 12,
  maxAliases: 100,
  maxCost: 10_000,
  maxInputs: 1_024,
  maxEvaluations: 16_384,
};

type Cost = (variables: Variables) => number;

/** What an operation asks for, worked out once for each document; only lengths of lists depend on the variables. */
export interface OperationPlan {
  depth: number;
  aliases: number;
  cost: Cost;
  /** Inputs of all `infer` fields. */
  inputs: Cost;
  /** Changed inputs that explaining their answers could take, at most. */
  evaluations: Cost;
}

/** Refuses an operation that asks for too much, before any resolver runs and before anything is charged. */
export function checkOperation(plan: OperationPlan, variables: Variables, limits = operationLimits): void {
  refuseOver("is nested", plan.depth, limits.maxDepth, "levels deep");
  refuseOver("has", plan.aliases, limits.maxAliases, "aliases");
  refuseOver("would resolve", plan.cost(variables), limits.maxCost, "fields");
  refuseOver("infers", plan.inputs(variables), limits.maxInputs, "inputs");
  refuseOver("could explain by", plan.evaluations(variables), limits.maxEvaluations, "changed inputs");
}

function refuseOver(verb: string, value: number, limit: number, unit: string): void {
  if (value <= limit) return;
  throw new TollgateError(
    "QUERY_TOO_COMPLEX",
    `The operation ${verb} ${value} ${unit}; the limit is ${limit}. Split it up.`,
  );
}

/** Walks the operation, its fragments included (validation has made sure that they form no cycle). */
export function planOperation(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): OperationPlan {
  const root = schema.getRootType(operation.operation);
  if (root === undefined || root === null) return nothing;
  const plan = planSelections({ schema, fragments, left: maxSelections }, operation.selectionSet, root);
  const defaults = defaultsOf(operation);
  return {
    ...plan,
    cost: (variables) => plan.cost({ ...defaults, ...variables }),
    inputs: (variables) => plan.inputs({ ...defaults, ...variables }),
    evaluations: (variables) => plan.evaluations({ ...defaults, ...variables }),
  };
}

/** What stands for the variables that a request leaves out. */
function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Variables {
  const given = variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)] as const],
  );
  return Object.fromEntries(given);
}

interface Walk {
  schema: GraphQLSchema;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Selections that may still be looked at. */
  left: number;
}

/** Fragments that spread fragments that spread fragments grow by powers: their walk has an end, too. */
const maxSelections = 20_000;

const none: Cost = () => 0;
const nothing: OperationPlan = { depth: 0, aliases: 0, cost: none, inputs: none, evaluations: none };

function planSelections(walk: Walk, selections: SelectionSetNode, type: GraphQLOutputType): OperationPlan {
  const parts = selections.selections.map((selection) => planSelection(walk, selection, type));
  return {
    depth: parts.reduce((deepest, part) => Math.max(deepest, part.depth), 0),
    aliases: sum(parts.map((part) => part.aliases)),
    cost: addUp(parts.map((part) => part.cost)),
    inputs: addUp(parts.map((part) => part.inputs)),
    evaluations: addUp(parts.map((part) => part.evaluations)),
  };
}

function planSelection(walk: Walk, selection: SelectionNode, type: GraphQLOutputType): OperationPlan {
  walk.left -= 1;
  if (walk.left < 0) {
    throw new TollgateError(
      "QUERY_TOO_COMPLEX",
      `The operation has more than ${maxSelections} fields and fragments. Split it up.`,
    );
  }
  switch (selection.kind) {
    case Kind.FIELD:
      return planField(walk, selection, type);
    case Kind.INLINE_FRAGMENT:
      return planSelections(walk, selection.selectionSet, typeNamed(walk, selection.typeCondition?.name.value) ?? type);
    case Kind.FRAGMENT_SPREAD: {
      const fragment = walk.fragments.get(selection.name.value);
      const on = typeNamed(walk, fragment?.typeCondition.name.value);
      return fragment === undefined || on === undefined ? nothing : planSelections(walk, fragment.selectionSet, on);
    }
  }
}

function planField(walk: Walk, field: FieldNode, parent: GraphQLOutputType): OperationPlan {
  const named = getNamedType(parent);
  const definition = definitionOf(walk, field, named);
  const type = definition === undefined ? undefined : getNamedType(definition.type);
  const inner =
    field.selectionSet === undefined || type === undefined || !isCompositeType(type)
      ? nothing
      : planSelections(walk, field.selectionSet, type);
  const times = pageSizeOf(field, definition?.args.some((argument) => argument.name === "first") ?? false);
  const { inputs: own, evaluations } = ownCosts(walk, field, named);
  return {
    // GraphQL itself bounds how deep the schema may be asked for; its usual query is deeper than any of ours.
    depth: definition === SchemaMetaFieldDef || definition === TypeMetaFieldDef ? 1 : inner.depth + 1,
    aliases: inner.aliases + (field.alias === undefined ? 0 : 1),
    cost: (variables) => 1 + own(variables) + times(variables) * inner.cost(variables),
    inputs: (variables) => own(variables) + inner.inputs(variables),
    evaluations: (variables) => evaluations(variables) + inner.evaluations(variables),
  };
}

/** What the field itself has run. */
function ownCosts(
  walk: Walk,
  field: FieldNode,
  parent: GraphQLNamedType,
): Pick<OperationPlan, "inputs" | "evaluations"> {
  const name = field.name.value;
  if (name === "infer" && parent === walk.schema.getMutationType()) {
    const inputs = inputsOf(field);
    return { inputs, evaluations: evaluationsOf(field, inputs) };
  }
  // Its inputs are prepared as those of `infer` are: pictures decoded, texts read.
  const isTold = name === "explainCost" && parent === walk.schema.getQueryType();
  return isTold ? { inputs: inputsOf(field), evaluations: none } : { inputs: none, evaluations: none };
}

function definitionOf(
  walk: Walk,
  field: FieldNode,
  parent: GraphQLNamedType,
): GraphQLField<unknown, unknown> | undefined {
  const name = field.name.value;
  // Fields that no type lists; what they select counts like anything else.
  const meta = [SchemaMetaFieldDef, TypeMetaFieldDef].find((one) => one.name === name);
  if (meta !== undefined) return parent === walk.schema.getQueryType() ? meta : undefined;
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

// A list without a page size is short by construction, such as the aliases of a model.
function pageSizeOf(field: FieldNode, isPaged: boolean): Cost {
  if (!isPaged) return () => 1;
  const first = field.arguments?.find((argument) => argument.name.value === "first")?.value;
  return (variables) => {
    const size = first === undefined ? 20 : literalOrVariable(first, variables);
    return typeof size === "number" && size > 0 ? Math.min(size, maxPageSize) : 1;
  };
}

// Counts without decoding: how many entries `input.inputs` has, whether it is written out or comes in a variable.
function inputsOf(field: FieldNode): Cost {
  const input = argumentOf(field, "input");
  return (variables) => lengthOf(entryOf(input, "inputs", variables), variables);
}

function literalOrVariable(value: ValueNode, variables: Variables): unknown {
  if (value.kind === Kind.VARIABLE) return variables[value.name.value];
  return value.kind === Kind.INT ? Number(value.value) : undefined;
}

function typeNamed(walk: Walk, name: string | undefined): GraphQLOutputType | undefined {
  const type = name === undefined ? undefined : walk.schema.getType(name);
  return isCompositeType(type) ? type : undefined;
}

function addUp(costs: Cost[]): Cost {
  if (costs.length === 1 && costs[0] !== undefined) return costs[0];
  return (variables) => sum(costs.map((cost) => cost(variables)));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
