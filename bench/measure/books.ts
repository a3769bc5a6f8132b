import pg from "pg";
import { z } from "zod";
import { ask } from "../../src/edge/cli/graphql-client.ts";
import type { Gateway } from "../servers/gateway.ts";
import type { Books } from "./rounds.ts";
import { equalRow, type Row } from "./rows.ts";

/** Compares what the callers hold with what was metered: to the unit, in the ledger and in the report. */
export async function compareBooks(gateway: Gateway, books: Books, startedAt: Date): Promise<Row[]> {
  const { events, inputs } = await ledgerOf(gateway);
  const reported = await reportOf(gateway, startedAt);
  const verified = await gateway.verifyUsage();
  if (!verified.holds) process.stderr.write(`${verified.said}\n`);
  return [
    equalRow("usage events for the answers that callers hold", events, "events", books.answers),
    equalRow("inputs in the ledger for the answers that callers hold", inputs, "inputs", books.inputs),
    equalRow("inputs in the usage report", reported, "inputs", books.inputs),
    equalRow("usage:verify finds no drift (1: none)", verified.holds ? 1 : 0, "", 1),
  ];
}

async function ledgerOf({ databaseUrl, apiKeyId }: Gateway): Promise<{ events: number; inputs: number }> {
  const client = new pg.Client({ connectionString: databaseUrl("tollgate") });
  await client.connect();
  try {
    const result = await client.query<{ events: string; inputs: string }>(
      "select count(*) as events, coalesce(sum(quantity), 0) as inputs from usage_events where api_key_id = $1",
      [apiKeyId],
    );
    const [row] = result.rows;
    return { events: Number(row?.events), inputs: Number(row?.inputs) };
  } finally {
    await client.end();
  }
}

const reportShape = z.object({
  usage: z.object({
    rows: z.array(
      z.object({ apiKey: z.object({ id: z.string() }).nullable(), meter: z.string(), quantity: z.number() }),
    ),
  }),
});

async function reportOf({ demo, apiKeyId }: Gateway, startedAt: Date): Promise<number> {
  const answer = await ask(
    { url: demo.url, credential: demo.apiKey },
    "query($input: UsageReportInput!) { usage(input: $input) { rows { apiKey { id } meter quantity } } }",
    {
      variables: { input: { startsAt: startedAt, endsAt: new Date(Date.now() + 60_000), groupBy: ["API_KEY"] } },
      shape: reportShape,
    },
  );
  const rows = answer.usage.rows.filter((row) => row.apiKey?.id === apiKeyId && row.meter === "inputs");
  return rows.reduce((sum, row) => sum + row.quantity, 0);
}
