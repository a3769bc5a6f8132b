import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import type { Clock } from "../../core/clock.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import type { Catalogue } from "../models/catalogue.ts";
import { ModelVersionType } from "../models/models.types.ts";
import { isOwner, viewerOf } from "../models/visibility.ts";
import { explainMethodsOf } from "./explain-methods.ts";
import { ExplainMethod } from "./explanation.types.ts";
import { MeasuredMinuteType } from "./measurements.types.ts";
import type { VersionMeasurements } from "./version-measurements.ts";

/** What the engine adds to a version: how it runs, and how its answers can be explained. */
@Resolver(() => ModelVersionType)
export class MeasurementsResolver {
  readonly #catalogue: Catalogue;
  readonly #measurements: VersionMeasurements;
  readonly #clock: Clock;

  constructor(options: { catalogue: Catalogue; measurements: VersionMeasurements; clock: Clock }) {
    this.#catalogue = options.catalogue;
    this.#measurements = options.measurements;
    this.#clock = options.clock;
  }

  @FieldResolver(() => [MeasuredMinuteType], {
    description:
      "How it ran in the last hour on the gateway that was asked: the minutes in which it was, oldest first; for the model's owner.",
  })
  lastHour(@Root() { id }: ModelVersionType, @Ctx() context: RequestContext): MeasuredMinuteType[] {
    const found = this.#catalogue.registeredById(id);
    // How much others ask of the platform's models is not a tenant's business.
    if (found === undefined || !isOwner(found.model, viewerOf(principalOf(context)))) return [];
    return this.#measurements.of(id, this.#clock.now());
  }

  @FieldResolver(() => [ExplainMethod], { description: "How its answers can be explained; none until it can answer." })
  explainMethods(@Root() { id }: ModelVersionType): (keyof typeof ExplainMethod)[] {
    const found = this.#catalogue.versionById(id);
    return found === undefined ? [] : explainMethodsOf(found.version.manifest);
  }
}
