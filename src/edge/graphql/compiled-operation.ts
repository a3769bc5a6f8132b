import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { compileQuery, isCompiledQuery } from "graphql-jit";
import type { RequestContext } from "../../core/request-context.ts";

/** Carries an operation out. A result without `data` was refused before any resolver ran. */
export type CarryOut = (
  context: RequestContext,
  variables: Readonly<Record<string, unknown>>,
) => ExecutionResult | Promise<ExecutionResult>;

export function interpreted(schema: GraphQLSchema, document: DocumentNode): CarryOut {
  return (contextValue, variableValues) => execute({ schema, document, contextValue, variableValues });
}

/**
 * The same as a program of its own, for an operation that comes again and again: an eighth of the gateway's work for a
 * request. Undefined where the operation is not plain enough for that.
 */
export function compiled(schema: GraphQLSchema, document: DocumentNode): CarryOut | undefined {
  if (!isMadeOfNames(document) || !isOfOneTypeEach(schema, document)) return undefined;
  try {
    const query = compileQuery(schema, document);
    return isCompiledQuery(query) ? (context, variables) => query.query(undefined, context, variables) : undefined;
  } catch {
    return undefined; // what it cannot compile, GraphQL itself still carries out
  }
}

const plainKinds: ReadonlySet<Kind> = new Set([
  Kind.DOCUMENT,
  Kind.OPERATION_DEFINITION,
  Kind.VARIABLE_DEFINITION,
  Kind.VARIABLE,
  Kind.NAMED_TYPE,
  Kind.LIST_TYPE,
  Kind.NON_NULL_TYPE,
  Kind.SELECTION_SET,
  Kind.FIELD,
  Kind.ARGUMENT,
  Kind.FRAGMENT_DEFINITION,
  Kind.FRAGMENT_SPREAD,
  Kind.INLINE_FRAGMENT,
  Kind.NAME,
]);

/**
 * The program is text with parts of the caller's document in it, and graphql-jit 0.8.9 can be made to take a string in an
 * argument for code. So only documents are compiled that have no value in them, neither written out nor as a default: all
 * that gets into the program is names of GraphQL, made of letters, digits and underscores. `__proto__` is one, too.
 */
function isMadeOfNames(document: DocumentNode): boolean {
  return !hasAny(document, (node) => {
    const isReserved = node.kind === Kind.NAME && node.value.startsWith("__") && node.value !== "__typename";
    return isReserved || !plainKinds.has(node.kind);
  });
}

/** What may be of several types is left to GraphQL: compiled, `node` was seen to fail. */
function isOfOneTypeEach(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let isAbstract = false;
  const enter = () => {
    isAbstract ||= isAbstractType(getNamedType(types.getType()));
  };
  visit(document, visitWithTypeInfo(types, { enter }));
  return !isAbstract;
}

function hasAny(document: DocumentNode, isSought: (node: ASTNode) => boolean): boolean {
  let isFound = false;
  visit(document, {
    enter(node) {
      isFound ||= isSought(node);
      return isFound ? BREAK : undefined;
    },
  });
  return isFound;
}
