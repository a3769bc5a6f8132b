import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { AliasTargetReportType } from "./alias-report.types.ts";
import type { AliasWatch } from "./alias-watch.ts";
import type { Catalogue } from "./catalogue.ts";
import { AliasGuardType, AliasType, toVersionType } from "./models.types.ts";
import { isOwner, viewerOf } from "./visibility.ts";

@Resolver(() => AliasType)
export class AliasReportResolver {
  readonly #catalogue: Catalogue;
  readonly #watch: AliasWatch;

  constructor(catalogue: Catalogue, watch: AliasWatch) {
    this.#catalogue = catalogue;
    this.#watch = watch;
  }

  @FieldResolver(() => [AliasTargetReportType], {
    description:
      "What was seen of each target over the guard's window, five minutes without one, where there are several; for the model's owner.",
  })
  async report(@Root() { id }: AliasType, @Ctx() context: RequestContext): Promise<AliasTargetReportType[]> {
    const found = this.#ownAlias(id, context);
    if (found === undefined) return [];
    const reports = await this.#watch.reportOf(found.alias);
    return reports.flatMap(({ modelVersionId, ...seen }) => {
      const version = found.model.versions.find((candidate) => candidate.id === modelVersionId);
      return version === undefined ? [] : [{ version: toVersionType(this.#catalogue, version), ...seen }];
    });
  }

  @FieldResolver(() => AliasGuardType, {
    nullable: true,
    description: "What its newest target may not do, where it is watched; for the model's owner.",
  })
  guard(@Root() { id }: AliasType, @Ctx() context: RequestContext): AliasGuardType | null {
    return this.#ownAlias(id, context)?.alias.guard ?? null;
  }

  /** How much others ask of the platform's models, and how it is watched, is not a tenant's business. */
  #ownAlias(id: string, context: RequestContext): ReturnType<Catalogue["aliasById"]> {
    const found = this.#catalogue.aliasById(id);
    return found !== undefined && isOwner(found.model, viewerOf(principalOf(context))) ? found : undefined;
  }
}
