import type { Abandoned } from "../../core/abandonment.ts";
import { type CsvCell, csvLine } from "../../core/csv.ts";
import { shownQuantity } from "../plans/meter.ts";
import type { UsageEventsStore } from "./usage-events.store.ts";
import { isoOfMicros, type UsageEvent } from "./usage-events.ts";
import type { UsageReportStore } from "./usage-report.store.ts";
import { checkUsagePeriod, checkUsageQuery, type UsageQuery, type UsageRow } from "./usage-report.ts";

export type ExportPeriod = Pick<UsageQuery, "startsAt" | "endsAt">;

interface ExportOptions {
  reports: Pick<UsageReportStore, "stream">;
  events: Pick<UsageEventsStore, "stream">;
}

const reportColumns: [string, (row: UsageRow) => CsvCell][] = [
  ["startsAt", (row) => row.startsAt],
  ["endsAt", (row) => row.endsAt],
  ["modelId", (row) => row.modelId],
  ["modelVersionId", (row) => row.modelVersionId],
  ["apiKeyId", (row) => row.apiKeyId],
  ["meter", (row) => row.meter],
  ["quantity", (row) => shownQuantity(row.meter, row.quantity)],
  ["amountMicros", (row) => row.amountMicros],
];

const eventColumns: [string, (event: UsageEvent) => CsvCell][] = [
  ["occurredAt", (event) => isoOfMicros(event.occurredAtMicros)],
  ["id", (event) => event.id],
  ["meter", (event) => event.meter],
  ["quantity", (event) => shownQuantity(event.meter, event.quantity)],
  ["amountMicros", (event) => event.amountMicros],
  ["planVersionId", (event) => event.planVersionId],
  ["inferenceId", (event) => event.inferenceId],
  ["modelId", (event) => event.modelId],
  ["modelVersionId", (event) => event.modelVersionId],
  ["apiKeyId", (event) => event.apiKeyId],
  ["userId", (event) => event.userId],
  ["idempotencyKey", (event) => event.idempotencyKey],
  ["reversesId", (event) => event.reversesId],
  ["reason", (event) => event.reason],
  ["isLate", (event) => String(event.isLate)],
];

/**
 * Usage as CSV, a piece at a time. Ids instead of names, a fixed order and fixed formats: the same period, once it is
 * closed, gives the same bytes whenever it is asked for.
 */
export class UsageExports {
  readonly #options: ExportOptions;

  constructor(options: ExportOptions) {
    this.#options = options;
  }

  /** The report, of any number of rows. Throws INVALID_INPUT for a period that cannot be. */
  report(tenantId: string, query: UsageQuery, abandoned: Abandoned): AsyncIterable<string> {
    return csvOf(reportColumns, this.#options.reports.stream(tenantId, checkUsageQuery(query), abandoned));
  }

  /** The events, oldest first. Throws INVALID_INPUT for a period that cannot be. */
  events(tenantId: string, period: ExportPeriod, abandoned: Abandoned): AsyncIterable<string> {
    return csvOf(eventColumns, this.#options.events.stream(tenantId, checkUsagePeriod(period), abandoned));
  }
}

async function* csvOf<T>(columns: [string, (row: T) => CsvCell][], pieces: AsyncIterable<T[]>): AsyncGenerator<string> {
  let text = csvLine(columns.map(([name]) => name));
  for await (const rows of pieces) {
    for (const row of rows) text += csvLine(columns.map(([, cellOf]) => cellOf(row)));
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}
