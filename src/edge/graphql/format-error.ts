import { ApolloServerErrorCode, unwrapResolverError } from "@apollo/server/errors";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
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

interface FormatOptions {
  logger: Logger;
  requestId: string;
  /** Whether a caller who mistypes a name may be told one that there is: it is a way to read the schema. */
  suggests: boolean;
}

/**
 * The error as its caller reads it: a code of the catalogue, whether a retry can help, and the request id. Of anything
 * that we did not throw on purpose, the caller learns the request id and nothing else; the log has the rest.
 */
export function formatError(
  formatted: GraphQLFormattedError,
  thrown: unknown,
  { logger, requestId, suggests }: FormatOptions,
): GraphQLFormattedError {
  const error = originalOf(thrown, formatted);
  const where = {
    ...(formatted.locations ? { locations: formatted.locations } : {}),
    ...(formatted.path ? { path: formatted.path } : {}),
  };
  if (error instanceof TollgateError) {
    logCause(error, requestId, logger);
    return { message: error.message, ...where, extensions: extensionsOf(error, requestId) };
  }
  if (refusedByGraphql.has(formatted.extensions?.["code"])) {
    if (isTooLong(formatted.message)) return tooLong(requestId);
    const reason = withoutValues(formatted.message, thrown);
    // Apollo takes the suggestions out of what validation finds, and leaves them in what is wrong with variables.
    const message = suggests ? reason : reason.replace(/ Did you mean .*$/s, "");
    return { message, ...where, extensions: { code: "INVALID_INPUT", retryable: false, requestId } };
  }
  logger.error({ err: error, requestId, path: formatted.path }, "unexpected error");
  return {
    message: brokeOnOurSide(requestId),
    ...where,
    extensions: { code: "INTERNAL", retryable: errorCatalogue.INTERNAL.retryable, requestId },
  };
}

// What a plugin of ours throws comes wrapped without a path, which Apollo's own unwrapping leaves as it is. What a scalar
// of ours throws comes wrapped by GraphQL, which adds the place of the value: that one stays.
function originalOf(thrown: unknown, formatted: GraphQLFormattedError): unknown {
  const unwrapped = unwrapResolverError(thrown);
  const isOurs = unwrapped instanceof GraphQLError && unwrapped.originalError instanceof TollgateError;
  return isOurs && !refusedByGraphql.has(formatted.extensions?.["code"]) ? unwrapped.originalError : unwrapped;
}

// GraphQL gives up on a document of too many tokens, and on one whose fields it would have to compare too often.
function isTooLong(message: string): boolean {
  return (
    message === "Validation aborted." || (message.startsWith("Syntax Error") && message.endsWith("Parsing aborted."))
  );
}

function tooLong(requestId: string): GraphQLFormattedError {
  const message = "The operation is too long, or names one field too often. Split it up, and send values in variables.";
  return { message, extensions: { code: "QUERY_TOO_COMPLEX", retryable: false, requestId } };
}

/** What is not the caller's fault has a reason that somebody must be able to find. */
export function logCause(error: TollgateError, requestId: string, logger: Logger): void {
  if (error.status < 500 || error.cause === undefined) return;
  logger.warn({ err: error.cause, code: error.code, requestId }, "refused for a reason of our own");
}

/** All that a caller learns of an error that we did not throw on purpose. */
export function brokeOnOurSide(requestId: string): string {
  return `Something broke on our side. Tell support the request id ${requestId}.`;
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
// Nothing is searched for in what the caller wrote: the reason is the error that this one was made of, and the place
// stands right before it, or else the value does.
function withoutValues(message: string, thrown: unknown): string {
  const name = /^Variable "\$(\w{1,100})\w*" got invalid value /.exec(message)?.[1];
  if (name === undefined) return withoutQuotedValue(message);
  const reason = thrown instanceof GraphQLError ? thrown.originalError?.message : undefined;
  if (reason === undefined || !message.endsWith(`; ${reason}`)) return `$${name}: the value does not fit its type.`;
  const place = / at "([\w.[\]]{1,400})"$/.exec(message.slice(-reason.length - 500, -reason.length - "; ".length))?.[1];
  return `${place ?? `$${name}`}: ${withoutQuotedValue(reason)}`;
}

// What is left of the value: at the end of a reason, or as the name of what there is not.
function withoutQuotedValue(reason: string): string {
  return reason
    .slice(0, 500)
    .replace(/(cannot represent [^:]*): .*$/s, "$1.")
    .replace(/(cannot represent (an invalid (date-time-string|Unix timestamp)|non string or Date type)) .*$/s, "$1.")
    .replace(/^Value ".*" does not exist in /s, "The value does not exist in ");
}
