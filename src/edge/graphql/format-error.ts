import { ApolloServerErrorCode, unwrapResolverError } from "@apollo/server/errors";
import type { GraphQLFormattedError } from "graphql";
import { errorCatalogue, TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";

/** What GraphQL itself refuses is the caller's to mend: it gets the catalogue's code, whatever Apollo calls it. */
const refusedByGraphql = new Set<unknown>([
  ApolloServerErrorCode.GRAPHQL_PARSE_FAILED,
  ApolloServerErrorCode.GRAPHQL_VALIDATION_FAILED,
  ApolloServerErrorCode.BAD_USER_INPUT,
  ApolloServerErrorCode.BAD_REQUEST,
  ApolloServerErrorCode.OPERATION_RESOLUTION_FAILURE,
  ApolloServerErrorCode.PERSISTED_QUERY_NOT_FOUND,
  ApolloServerErrorCode.PERSISTED_QUERY_NOT_SUPPORTED,
]);

/**
 * The error as its caller reads it: a code of the catalogue, whether a retry can help, and the request id. Of anything
 * that we did not throw on purpose, the caller learns the request id and nothing else; the log has the rest.
 */
export function formatError(
  formatted: GraphQLFormattedError,
  thrown: unknown,
  logger: Logger,
  requestId: string,
): GraphQLFormattedError {
  const error = unwrapResolverError(thrown);
  const where = {
    ...(formatted.locations ? { locations: formatted.locations } : {}),
    ...(formatted.path ? { path: formatted.path } : {}),
  };
  if (error instanceof TollgateError)
    return { message: error.message, ...where, extensions: extensionsOf(error, requestId) };
  if (refusedByGraphql.has(formatted.extensions?.["code"])) {
    const message = withoutValues(formatted.message);
    return { message, ...where, extensions: { code: "INVALID_INPUT", retryable: false, requestId } };
  }
  logger.error({ err: error, requestId, path: formatted.path }, "unexpected error");
  return {
    message: `Something broke on our side. Tell support the request id ${requestId}.`,
    ...where,
    extensions: { code: "INTERNAL", retryable: errorCatalogue.INTERNAL.retryable, requestId },
  };
}

/** The extensions of an error that was thrown on purpose. */
export function extensionsOf(error: TollgateError, requestId: string): Record<string, unknown> {
  return {
    code: error.code,
    retryable: error.isRetryable,
    requestId,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.limit === undefined ? {} : { limit: error.limit }),
  };
}

// GraphQL prints the value that it could not use, which may be a whole picture, or a password in the wrong place:
//   Variable "$input" got invalid value "…" at "input.inputs[0].image"; Base64 is a string.
// Cut by searching from both ends rather than by a pattern: the value is the caller's, and may be megabytes of "; ".
function withoutValues(message: string): string {
  const named = /^Variable "(\$\w+)" got invalid value /.exec(message);
  if (named === null) return withoutQuotedValue(message);
  const end = message.lastIndexOf("; ");
  const pathAt = message.lastIndexOf(' at "', end);
  const hasPath = pathAt > 0 && message[end - 1] === '"';
  const path = hasPath ? message.slice(pathAt + ' at "'.length, end - 1) : named[1];
  return `${path}: ${withoutQuotedValue(message.slice(end + 2))}`;
}

// "Int cannot represent non-integer value: …" and its like end with the value.
function withoutQuotedValue(reason: string): string {
  return reason.slice(0, 500).replace(/(cannot represent [^:]*): .*$/s, "$1.");
}
