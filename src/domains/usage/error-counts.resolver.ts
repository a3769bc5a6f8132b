import { Arg, Authorized, Ctx, Query, Resolver } from "type-graphql";
import { errorCatalogue } from "../../core/errors.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { ErrorCountsStore } from "./error-counts.store.ts";
import { ErrorCountsInputType, ErrorCountType } from "./error-counts.types.ts";
import { checkUsagePeriod } from "./usage-report.ts";

@Resolver(() => ErrorCountType)
export class ErrorCountsResolver {
  readonly #store: ErrorCountsStore;

  constructor(store: ErrorCountsStore) {
    this.#store = store;
  }

  @Authorized("usage:read")
  @Query(() => [ErrorCountType], {
    description:
      "What requests of the principal's tenant were refused with, most frequent first; kept for 35 days, and a second late.",
  })
  async errorCounts(
    @Ctx() context: RequestContext,
    @Arg("input", () => ErrorCountsInputType, { description: "The time." }) input: ErrorCountsInputType,
  ): Promise<ErrorCountType[]> {
    const { tenantId } = tenantPrincipalOf(context);
    const counts = await this.#store.byCode(tenantId, checkUsagePeriod(input));
    return counts.map((count) => ({ ...count, summary: errorCatalogue[count.code].summary }));
  }
}
