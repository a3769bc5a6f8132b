import { type FieldNode, Kind, type ValueNode, valueFromASTUntyped } from "graphql";

export type Variables = Readonly<Record<string, unknown>>;

/** A value of an operation: written out in it, or what a variable brought. Looked into only as far as it is asked for. */
export type Written = { kind: "NODE"; node: ValueNode } | { kind: "VALUE"; value: unknown } | undefined;

export function argumentOf(field: FieldNode, name: string): Written {
  const node = field.arguments?.find((argument) => argument.name.value === name)?.value;
  return node === undefined ? undefined : { kind: "NODE", node };
}

/** An entry of an object. */
export function entryOf(object: Written, name: string, variables: Variables): Written {
  const known = resolved(object, variables);
  if (known === undefined) return undefined;
  if (known.kind === "VALUE") {
    const { value } = known;
    return isObject(value) && Object.hasOwn(value, name) ? { kind: "VALUE", value: value[name] } : undefined;
  }
  if (known.node.kind !== Kind.OBJECT) return undefined;
  const node = known.node.fields.find((entry) => entry.name.value === name)?.value;
  return node === undefined ? undefined : { kind: "NODE", node };
}

/** How many entries a list has. GraphQL takes a single value where a list is wanted, as a list of one. */
export function lengthOf(list: Written, variables: Variables): number {
  const known = resolved(list, variables);
  if (known === undefined) return 0;
  if (known.kind === "NODE") {
    if (known.node.kind === Kind.NULL) return 0;
    return known.node.kind === Kind.LIST ? known.node.values.length : 1;
  }
  if (Array.isArray(known.value)) return known.value.length;
  return known.value === undefined || known.value === null ? 0 : 1;
}

/** A number or an enum's value as text. */
export function plainValue(written: Written, variables: Variables): unknown {
  const known = resolved(written, variables);
  if (known === undefined) return undefined;
  return known.kind === "VALUE" ? known.value : valueFromASTUntyped(known.node);
}

function resolved(written: Written, variables: Variables): Written {
  if (written?.kind !== "NODE" || written.node.kind !== Kind.VARIABLE) return written;
  return { kind: "VALUE", value: variables[written.node.name.value] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
