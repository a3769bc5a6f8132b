import { Arg, Authorized, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { TollgateError } from "../../core/errors.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Catalogue } from "../models/catalogue.ts";
import { ModelType, ModelVersionType, toModelType, toVersionType } from "../models/models.types.ts";
import { ExplainCostInput, ExplainCostType, toExplainRequest } from "./explanation.types.ts";
import type { InferenceService } from "./inference.service.ts";
import type { Inference, InferenceRequest } from "./inference.ts";
import { InferenceType, InferInput } from "./inference.types.ts";
import { observed } from "./inference-metrics.ts";
import type { Repeats } from "./repeats.ts";

const maxKeyCharacters = 255;

@Resolver(() => InferenceType)
export class InferenceResolver {
  readonly #service: InferenceService;
  readonly #repeats: Repeats;
  readonly #catalogue: Catalogue;
  readonly #metrics: Metrics;

  constructor(options: { service: InferenceService; repeats: Repeats; catalogue: Catalogue; metrics: Metrics }) {
    this.#service = options.service;
    this.#repeats = options.repeats;
    this.#catalogue = options.catalogue;
    this.#metrics = options.metrics;
  }

  @Authorized("inferences:create")
  @Mutation(() => InferenceType, {
    description: "Asks a model, and gets the answer now. Each input is metered as one; an error is not charged.",
  })
  async infer(
    @Ctx() context: RequestContext,
    @Arg("input", () => InferInput, { description: "What to ask of which model." }) input: InferInput,
  ): Promise<Inference> {
    const { tenantId } = tenantPrincipalOf(context);
    const asked = this.#catalogue.find({ tenantId }, input.model);
    return await observed(this.#metrics, asked, () =>
      this.#catalogue.inFlight.during(() => this.#answer(context, input)),
    );
  }

  @Authorized("inferences:create")
  @Query(() => ExplainCostType, {
    description: "What an inference with explanations will be charged for; asking costs nothing.",
  })
  async explainCost(
    @Ctx() context: RequestContext,
    @Arg("input", () => ExplainCostInput, { description: "What would be asked and explained." })
    input: ExplainCostInput,
  ): Promise<ExplainCostType> {
    const { amountMicros, ...cost } = await this.#service.explainCost(tenantPrincipalOf(context), {
      ...input,
      alias: input.alias ?? undefined,
      version: input.version ?? undefined,
      explain: toExplainRequest(input.explain),
    });
    return { ...cost, amount: amountMicros ?? null };
  }

  @FieldResolver(() => ModelType)
  model(@Root() inference: Inference): ModelType {
    return toModelType(this.#catalogue, inference.model);
  }

  @FieldResolver(() => ModelVersionType)
  version(@Root() inference: Inference): ModelVersionType {
    return toVersionType(this.#catalogue, inference.version);
  }

  async #answer(context: RequestContext, input: InferInput): Promise<Inference> {
    const request = toRequest(input);
    const admissible = await this.#service.admit(tenantPrincipalOf(context), request, context.abandoned);
    if (request.idempotencyKey === undefined) return await this.#service.answer(admissible);
    return await this.#repeats.answer(admissible, request.idempotencyKey);
  }
}

function toRequest(input: InferInput): InferenceRequest {
  const key = input.idempotencyKey ?? undefined;
  if (key !== undefined && (key.length < 1 || key.length > maxKeyCharacters)) {
    throw new TollgateError(
      "INVALID_INPUT",
      `idempotencyKey has ${key.length} characters; send 1 to ${maxKeyCharacters}.`,
    );
  }
  return {
    model: input.model,
    alias: input.alias ?? undefined,
    version: input.version ?? undefined,
    inputs: input.inputs,
    topK: input.topK ?? 1,
    explain: input.explain === null || input.explain === undefined ? undefined : toExplainRequest(input.explain),
    idempotencyKey: key,
    deadlineMs: input.deadlineMs ?? undefined,
  };
}
