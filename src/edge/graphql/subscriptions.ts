import { ApolloServerErrorCode } from "@apollo/server/errors";
import {
  type DocumentNode,
  type ExecutionArgs,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { z } from "zod";
import { TollgateError } from "../../core/errors.ts";
import type { RequestContext } from "../../core/request-context.ts";
import type { Logger } from "../../platform/logger.ts";
import { formatError } from "./format-error.ts";
import { checkOperation, planOperation } from "./operation-cost.ts";

/** An operation as it comes over a stream. */
export const operationSchema = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});
export type StreamedOperation = z.infer<typeof operationSchema>;

interface SubscriptionsOptions {
  schema: GraphQLSchema;
  logger: Logger;
  introspection: boolean;
  maxTokens: number;
  onError: (code: string) => void;
}

/**
 * The GraphQL door for operations that go on: the same rules, prices and errors as for a request, whatever carries it.
 * Queries and mutations do not come this way: what they do is bounded and metered for one request and its answer.
 */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** What `subscribe` of graphql-js takes, or why it is refused. Errors still have to be formatted. */
  prepare(operation: StreamedOperation, context: RequestContext): ExecutionArgs | readonly GraphQLError[] {
    try {
      return this.#prepare(operation, context);
    } catch (error) {
      if (error instanceof GraphQLError) return [refusedByGraphql(error)];
      const message = error instanceof Error ? error.message : String(error);
      return [new GraphQLError(message, error instanceof Error ? { originalError: error } : {})];
    }
  }

  /** The errors as their caller reads them. */
  format(errors: readonly GraphQLError[], requestId: string): GraphQLFormattedError[] {
    const { logger, introspection, onError } = this.#options;
    return errors.map((error) => {
      const ofVariables =
        error.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION && error.message.startsWith('Variable "$');
      const formatted = (ofVariables ? refusedByGraphql(error) : error).toJSON();
      const told = formatError(formatted, error, { logger, requestId, suggests: introspection });
      onError(String(told.extensions?.["code"]));
      return told;
    });
  }

  #prepare(operation: StreamedOperation, context: RequestContext): ExecutionArgs | readonly GraphQLError[] {
    const { schema, maxTokens, introspection } = this.#options;
    const document = parse(operation.query, { maxTokens });
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const invalid = validate(schema, document, rules);
    if (invalid.length > 0) return invalid.map(refusedByGraphql);
    const asked = getOperationAST(document, operation.operationName);
    if (asked?.operation !== OperationTypeNode.SUBSCRIPTION) {
      throw new TollgateError("INVALID_INPUT", "Only subscriptions are streamed. Send queries and mutations by POST.");
    }
    const variableValues = operation.variables ?? {};
    checkOperation(planOperation(schema, asked, fragmentsOf(document)), variableValues);
    return { schema, document, operationName: operation.operationName, variableValues, contextValue: context };
  }
}

// Under the code by which formatError knows that the caller can mend it.
function refusedByGraphql(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions, path, originalError } = error;
  const extensions = { ...error.extensions, code: ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED };
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions });
}

function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}
