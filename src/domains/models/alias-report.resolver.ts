import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { AliasTargetReportType } from "./alias-report.types.ts";
import type { AliasWatch } from "./alias-watch.ts";
import type { Catalogue } from "./catalogue.ts";
import { AliasType, toVersionType } from "./models.types.ts";
import { viewerOf } from "./visibility.ts";

@Resolver(() => AliasType)
export class AliasReportResolver {
  readonly #catalogue: Catalogue;
  readonly #watch: AliasWatch;

  constructor(catalogue: Catalogue, watch: AliasWatch) {
    this.#catalogue = catalogue;
    this.#watch = watch;
  }

  @FieldResolver(() => [AliasTargetReportType], {
    description: "What this gateway has seen of each target, where there are several; for the model's owner.",
  })
  report(@Root() { id }: AliasType, @Ctx() context: RequestContext): AliasTargetReportType[] {
    const viewer = viewerOf(principalOf(context));
    const found = this.#catalogue.aliasById(id);
    // How much others ask of the platform's models is not a tenant's business.
    if (found === undefined || found.model.ownerTenantId !== (viewer === "OPERATOR" ? undefined : viewer.tenantId))
      return [];
    return this.#watch.reportOf(found.alias).flatMap(({ modelVersionId, ...seen }) => {
      const version = found.model.versions.find((candidate) => candidate.id === modelVersionId);
      return version === undefined ? [] : [{ version: toVersionType(this.#catalogue, version), ...seen }];
    });
  }
}
