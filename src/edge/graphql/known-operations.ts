import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  OperationTypeNode,
} from "graphql";
import type { RequestContext } from "../../core/request-context.ts";
import { type CarryOut, compiled, interpreted } from "./compiled-operation.ts";
import { checkOperation, type OperationPlan } from "./operation-cost.ts";

interface KnownOperation {
  document: DocumentNode;
  name: string | undefined;
  plan: OperationPlan;
  carryOut: CarryOut;
  timesAsked: number;
}

interface KnownOperationsOptions {
  schema: GraphQLSchema;
  /** What a caller reads of an error; the same that Apollo is given. */
  formatError: (formatted: GraphQLFormattedError, thrown: unknown) => GraphQLFormattedError;
}

type Variables = Readonly<Record<string, unknown>>;

const maxOperations = 1_000;
/** Longer ones are seldom asked twice, and would be kept in memory for whoever sends them. */
const maxCharacters = 10_000;
/** Compiling takes some milliseconds, which nobody shall have for the sending of ever new operations. */
const worthCompilingAfter = 16;

/**
 * Operations that Apollo has parsed, validated and priced, by their text. Whoever sends one again has it carried out
 * here, on the same schema and with the same price checked against the new variables: that is a third of the gateway's
 * work for a request. All that is unusual about a request is left to Apollo, so there is one place that refuses.
 */
export class KnownOperations {
  readonly #options: KnownOperationsOptions;
  readonly #byText = new Map<string, KnownOperation>();

  constructor(options: KnownOperationsOptions) {
    this.#options = options;
  }

  /** To be called with what Apollo found to be valid and affordable. Which one of several is meant, Apollo decides. */
  remember(text: string, document: DocumentNode, plan: OperationPlan): void {
    if (text.length > maxCharacters || this.#byText.has(text)) return;
    const [operation, another] = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    if (operation?.kind !== Kind.OPERATION_DEFINITION || another !== undefined) return;
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) return;
    if (this.#byText.size >= maxOperations) this.#forgetOldest();
    const carryOut = interpreted(this.#options.schema, document);
    this.#byText.set(text, { document, name: operation.name?.value, plan, carryOut, timesAsked: 0 });
  }

  /**
   * The answer as Apollo would write it. Undefined where Apollo has to be asked, because the operation is not known or
   * would be refused; no resolver has run then.
   */
  answer(body: unknown, contextOf: () => RequestContext): string | Promise<string> | undefined {
    const request = requestIn(body);
    const known = request === undefined ? undefined : this.#byText.get(request.query);
    if (request === undefined || known === undefined) return undefined;
    if (request.operationName !== undefined && request.operationName !== known.name) return undefined;
    if (!isAffordable(known.plan, request.variables)) return undefined;
    if (++known.timesAsked === worthCompilingAfter) {
      known.carryOut = compiled(this.#options.schema, known.document) ?? known.carryOut;
    }
    const result = known.carryOut(contextOf(), request.variables);
    if (result instanceof Promise) return result.then((settled) => this.#written(settled));
    // Without data nothing was carried out: a variable does not fit its type.
    return result.data === undefined ? undefined : this.#written(result);
  }

  #written({ data, errors, extensions }: ExecutionResult): string {
    const written = { errors: errors?.map((error) => this.#formatted(error)), data, extensions };
    return `${JSON.stringify(written)}\n`;
  }

  #formatted(error: GraphQLError): GraphQLFormattedError {
    // Spread: those of a compiled operation's errors may be missing.
    const extensions = { code: "INTERNAL_SERVER_ERROR", ...error.extensions };
    return this.#options.formatError({ ...error.toJSON(), extensions }, error);
  }

  #forgetOldest(): void {
    const [oldest] = this.#byText.keys();
    if (oldest !== undefined) this.#byText.delete(oldest);
  }
}

interface PlainRequest {
  query: string;
  operationName: string | undefined;
  variables: Variables;
}

const usualFields = new Set(["query", "operationName", "variables"]);

/** A request of the usual form. One with anything more or anything else in it is none. */
function requestIn(body: unknown): PlainRequest | undefined {
  if (!isRecord(body) || !Object.keys(body).every((field) => usualFields.has(field))) return undefined;
  const { query, operationName = null, variables = null } = body;
  if (typeof query !== "string" || !(operationName === null || typeof operationName === "string")) return undefined;
  if (variables !== null && !isRecord(variables)) return undefined;
  return { query, operationName: operationName ?? undefined, variables: variables ?? {} };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAffordable(plan: OperationPlan, variables: Variables): boolean {
  try {
    checkOperation(plan, variables);
    return true;
  } catch {
    return false; // Apollo finds the same, and says so
  }
}
