import { Arg, Authorized, Ctx, Query, Resolver } from "type-graphql";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { ApiKeyType } from "../keys/keys.types.ts";
import type { Catalogue } from "../models/catalogue.ts";
import { toModelType, toVersionType } from "../models/models.types.ts";
import { UsageReportInput, UsageReportType, type UsageRowType } from "./usage.types.ts";
import type { UsageReportStore } from "./usage-report.store.ts";
import { checkUsageQuery, totalsOf, type UsageRow } from "./usage-report.ts";

interface UsageResolverOptions {
  reports: UsageReportStore;
  catalogue: Catalogue;
  /** The tenant's keys with these ids, in one query. */
  apiKeysById: (tenantId: string, ids: string[]) => Promise<Map<string, ApiKeyType>>;
}

@Resolver(() => UsageReportType)
export class UsageResolver {
  readonly #options: UsageResolverOptions;

  constructor(options: UsageResolverOptions) {
    this.#options = options;
  }

  @Authorized("usage:read")
  @Query(() => UsageReportType, { description: "What the principal's tenant used in a period, exact to the unit." })
  async usage(
    @Ctx() context: RequestContext,
    @Arg("input", () => UsageReportInput, { description: "The period, the grouping and the interval." })
    input: UsageReportInput,
  ): Promise<UsageReportType> {
    const { tenantId } = tenantPrincipalOf(context);
    const query = checkUsageQuery({ ...input, groupBy: input.groupBy ?? [], interval: input.interval ?? undefined });
    const rows = await this.#options.reports.report(tenantId, query);
    const keyIds = [...new Set(rows.flatMap((row) => row.apiKeyId ?? []))];
    const keys =
      keyIds.length === 0 ? new Map<string, ApiKeyType>() : await this.#options.apiKeysById(tenantId, keyIds);
    const total = totalsOf(rows).map(({ meter, quantity, amountMicros }) => ({
      meter,
      quantity: Number(quantity),
      amount: amountMicros,
    }));
    return { rows: rows.map((row) => this.#toRowType(row, keys)), total };
  }

  #toRowType(row: UsageRow, keys: Map<string, ApiKeyType>): UsageRowType {
    const { catalogue } = this.#options;
    const model = row.modelId === undefined ? undefined : catalogue.byId(row.modelId);
    const found = row.modelVersionId === undefined ? undefined : catalogue.versionById(row.modelVersionId);
    return {
      startsAt: row.startsAt,
      endsAt: row.endsAt,
      model: model === undefined ? null : toModelType(catalogue, model),
      version: found === undefined ? null : toVersionType(catalogue, found.version),
      apiKey: (row.apiKeyId === undefined ? undefined : keys.get(row.apiKeyId)) ?? null,
      meter: row.meter,
      quantity: Number(row.quantity),
      amount: row.amountMicros,
    };
  }
}
