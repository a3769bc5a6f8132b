import { Arg, Args, Authorized, Ctx, Query, Resolver } from "type-graphql";
import { notFound, TollgateError } from "../../core/errors.ts";
import { checkPage } from "../../core/page.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { type Connection, PageArgs, toConnection } from "../../platform/graphql/connection.types.ts";
import type { ApiKeyType } from "../keys/keys.types.ts";
import type { Catalogue } from "../models/catalogue.ts";
import { toModelType, toVersionType } from "../models/models.types.ts";
import { isMeter, meters, shownQuantity } from "../plans/meter.ts";
import {
  type MeteredQuantityType,
  type UsageComparisonType,
  UsageReportInput,
  UsageReportType,
  type UsageRowType,
} from "./usage.types.ts";
import { type ComparedRow, compareRows, periodBefore } from "./usage-comparison.ts";
import type { UsageEventsStore } from "./usage-events.store.ts";
import { cursorOfEvent, placeOfCursor, type UsageEventsQuery } from "./usage-events.ts";
import {
  toEventType,
  UsageEventConnectionType,
  UsageEventsInputType,
  type UsageEventType,
} from "./usage-events.types.ts";
import { outlookOf } from "./usage-outlook.ts";
import { toForecastType, UsageForecastType } from "./usage-outlook.types.ts";
import type { UsageReportStore } from "./usage-report.store.ts";
import { checkUsagePeriod, checkUsageQuery, type MeteredTotal, totalsOf, type UsageRow } from "./usage-report.ts";

interface UsageResolverOptions {
  reports: UsageReportStore;
  events: UsageEventsStore;
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
    const earlier = periodBefore(query);
    const { reports } = this.#options;
    const [rows, before] = await Promise.all([
      reports.report(tenantId, query),
      input.compare ? reports.report(tenantId, { ...query, ...earlier }) : undefined,
    ]);
    const shown = before === undefined ? rows : compareRows(query, { rows, before });
    const comparison = before === undefined ? null : { ...earlier, total: totalsOf(before).map(toQuantityType) };
    return {
      rows: await this.#toRowTypes(tenantId, shown, comparison),
      total: totalsOf(rows).map(toQuantityType),
      comparison,
    };
  }

  @Authorized("usage:read")
  @Query(() => UsageForecastType, {
    description:
      "How the billing period of the principal's tenant that runs now will end, by what was used in the last weeks.",
  })
  async usageForecast(@Ctx() context: RequestContext): Promise<UsageForecastType> {
    return toForecastType(await outlookOf(this.#options.reports, tenantPrincipalOf(context).tenantId));
  }

  @Authorized("usage:read")
  @Query(() => UsageEventConnectionType, {
    description: "The usage events of the principal's tenant in a period, newest first.",
  })
  async usageEvents(
    @Ctx() context: RequestContext,
    @Arg("input", () => UsageEventsInputType, { description: "Which events." }) input: UsageEventsInputType,
    @Args(() => PageArgs) { first, after }: PageArgs,
  ): Promise<Connection<UsageEventType>> {
    const { tenantId } = tenantPrincipalOf(context);
    const { first: size } = checkPage({ first: first ?? 20 });
    const query = await this.#eventsQuery(tenantId, input);
    const page = await this.#options.events.page(tenantId, query, {
      first: size,
      after: after ? placeOfCursor(after) : undefined,
    });
    const connection = toConnection(page, toEventType);
    const edges = connection.edges.map((edge, i) => {
      const event = page.nodes[i];
      return event === undefined ? edge : { ...edge, cursor: cursorOfEvent(event) };
    });
    const [startCursor, endCursor] = [edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null];
    return { ...connection, edges, pageInfo: { ...connection.pageInfo, startCursor, endCursor } };
  }

  async #eventsQuery(tenantId: string, input: UsageEventsInputType): Promise<UsageEventsQuery> {
    const apiKeyId = input.apiKeyId ?? undefined;
    if (apiKeyId !== undefined && !(await this.#options.apiKeysById(tenantId, [apiKeyId])).has(apiKeyId)) {
      throw notFound("API key");
    }
    const { startsAt, endsAt } = checkUsagePeriod(input);
    const meter = input.meter ?? undefined;
    if (meter !== undefined && !isMeter(meter)) {
      throw new TollgateError("INVALID_INPUT", `meter must be one of ${meters.join(", ")}.`);
    }
    const modelId = input.model ? this.#options.catalogue.byName({ tenantId }, input.model).id : undefined;
    return { startsAt, endsAt, meter, modelId, apiKeyId };
  }

  async #toRowTypes(
    tenantId: string,
    rows: (UsageRow | ComparedRow)[],
    comparison: UsageComparisonType | null,
  ): Promise<UsageRowType[]> {
    const keyIds = [...new Set(rows.flatMap((row) => row.apiKeyId ?? []))];
    const keys =
      keyIds.length === 0 ? new Map<string, ApiKeyType>() : await this.#options.apiKeysById(tenantId, keyIds);
    return rows.map((row) => ({
      ...this.#groupOf(row, keys),
      startsAt: row.startsAt,
      endsAt: row.endsAt,
      ...toQuantityType(row),
      previous: comparison !== null && "previous" in row ? toQuantityType(row.previous) : null,
    }));
  }

  #groupOf(row: UsageRow, keys: Map<string, ApiKeyType>): Pick<UsageRowType, "model" | "version" | "apiKey"> {
    const { catalogue } = this.#options;
    const model = row.modelId === undefined ? undefined : catalogue.byId(row.modelId);
    const found = row.modelVersionId === undefined ? undefined : catalogue.versionById(row.modelVersionId);
    return {
      model: model === undefined ? null : toModelType(catalogue, model),
      version: found === undefined ? null : toVersionType(catalogue, found.version),
      apiKey: (row.apiKeyId === undefined ? undefined : keys.get(row.apiKeyId)) ?? null,
    };
  }
}

function toQuantityType({ meter, quantity, amountMicros }: MeteredTotal): MeteredQuantityType {
  return { meter, quantity: shownQuantity(meter, quantity), amount: amountMicros };
}
