import { ApolloServer, type ApolloServerPlugin, type GraphQLRequestListener } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from "graphql";
import { TollgateError } from "../../core/errors.ts";
import type { Principal } from "../../core/principal.ts";
import type { RequestContext } from "../../core/request-context.ts";
import type { Logger } from "../../platform/logger.ts";
import { formatError } from "./format-error.ts";
import { KnownOperations } from "./known-operations.ts";
import { checkOperation, type OperationPlan, planOperation } from "./operation-cost.ts";
import { currentPrincipal, currentRequestId } from "./request-scope.ts";

interface ApolloOptions {
  schema: GraphQLSchema;
  logger: Logger;
  introspection: boolean;
  onError: OnError;
}

/** Told of every error's code, and whose request it was where that is known. */
export type OnError = (code: string, principal: Principal | undefined) => void;

/**
 * Far above what a person or a dashboard writes; inputs in variables are no tokens. Validation compares fields of one
 * name with each other, so its time grows with the square of this: the worst document found takes 0.08 s of a core, and
 * at 5,000 tokens 0.5 s, which anybody could have asked for without a credential.
 */
export const maxTokens = 2_000;

export interface GraphqlDoor {
  apollo: ApolloServer<RequestContext>;
  known: KnownOperations;
}

/** The GraphQL door: parses, validates, prices the whole operation, and only then resolves. Sends nothing home. */
export async function startApollo(options: ApolloOptions): Promise<GraphqlDoor> {
  const { schema, logger, onError } = options;
  const format = (formatted: GraphQLFormattedError, thrown: unknown) => {
    const requestId = currentRequestId();
    const error = formatError(formatted, thrown, { logger, requestId, suggests: options.introspection });
    onError(String(error.extensions?.["code"]), currentPrincipal());
    return error;
  };
  const known = new KnownOperations({ schema, formatError: format });
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection: options.introspection,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !options.introspection,
    allowBatchedHttpRequests: false,
    // It would keep what anybody sends, for a saving that nobody here has asked for.
    persistedQueries: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens },
    logger,
    formatError: format,
    plugins: [
      pricingPlugin(known),
      // It would walk every field of every answer for hints that nobody reads.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginLandingPageDisabled(),
    ],
  });
  await apollo.start();
  return { apollo, known };
}

// Apollo keeps parsed documents by their hash, so the same operation comes as the same object and its plan is found.
function pricingPlugin(known: KnownOperations): ApolloServerPlugin<RequestContext> {
  const plans = new WeakMap<OperationDefinitionNode, OperationPlan>();
  const listener: GraphQLRequestListener<RequestContext> = {
    didResolveOperation: ({ schema, document, operation, request }) => {
      if (operation === undefined) return Promise.resolve(); // Apollo itself refuses a document that names none
      try {
        const plan = plans.get(operation) ?? planOperation(schema, operation, fragmentsOf(document));
        plans.set(operation, plan);
        checkOperation(plan, request.variables ?? {});
        if (request.query !== undefined) known.remember(request.query, document, plan);
      } catch (error) {
        throw withStatus(error);
      }
      return Promise.resolve();
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

// Apollo answers whatever a plugin throws with 500, unless the error says otherwise.
function withStatus(error: unknown): unknown {
  if (!(error instanceof TollgateError)) return error;
  return new GraphQLError(error.message, { originalError: error, extensions: { http: { status: error.status } } });
}

function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}
