import { z } from "zod";
import type { Command } from "./command.ts";
import { exitCodes, usageError } from "./errors.ts";
import { moneyOf, shown } from "./progress-bar.ts";
import { tableOf } from "./terminal.ts";

const usage = "tollgate usage [--month 2026-11] [--json]";

const metered = z.object({ meter: z.string(), quantity: z.number(), amount: z.string() });
const reportSchema = z.object({
  usage: z.object({
    total: z.array(metered),
    rows: z.array(metered.extend({ model: z.object({ name: z.string() }).nullable() })),
  }),
});

export const usageCommand: Command = {
  usage,
  summary: "Shows what was used in a month, by model and meter.",
  options: { month: { type: "string" }, json: { type: "boolean" } },
  run: async ({ client, values, terminal }) => {
    const month = typeof values["month"] === "string" ? values["month"] : new Date().toISOString().slice(0, 7);
    const [, year, number] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
    if (year === undefined) throw usageError(`Use it as: ${usage}`);
    const startsAt = new Date(Date.UTC(Number(year), Number(number) - 1)).toISOString();
    const endsAt = new Date(Date.UTC(Number(year), Number(number))).toISOString();
    const { usage: report } = await client.ask(
      "query($input: UsageReportInput!) { usage(input: $input) { total { meter quantity amount } rows { model { name } meter quantity amount } } }",
      { input: { startsAt, endsAt, groupBy: ["MODEL", "METER"] } },
      reportSchema,
    );
    const rows = [...report.rows, ...report.total.map((one) => ({ ...one, model: { name: "all" } }))].map((row) => [
      row.model?.name ?? "",
      row.meter,
      shown(row.quantity),
      moneyOf(row.amount),
    ]);
    terminal.out.write(
      values["json"] === true
        ? `${JSON.stringify(report)}\n`
        : `${tableOf([["MODEL", "METER", "QUANTITY", "AMOUNT"], ...rows])}\n`,
    );
    return exitCodes.OK;
  },
};
