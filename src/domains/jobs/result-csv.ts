import { z } from "zod";

const lineSchema = z.looseObject({
  index: z.number(),
  line: z.number(),
  id: z.string().optional(),
  label: z.string().nullish(),
  score: z.number().nullish(),
  truncated: z.boolean().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const csvHeader = "index,line,id,label,score,truncated,error_code,error_message\r\n";

/** The same result as a row of CSV (RFC 4180). Scores beyond the best one, and whatever else an answer has, are JSONL's. */
export function csvRowOf(line: string): string {
  const { index, line: place, id, label, score, truncated, error } = lineSchema.parse(JSON.parse(line));
  const cells = [index, place, id, label, score, truncated, error?.code, error?.message];
  return `${cells.map(cellOf).join(",")}\r\n`;
}

function cellOf(value: string | number | boolean | null | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = disarmed(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet runs what begins like a formula. An apostrophe makes it text; labels and ids come from strangers. */
function disarmed(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
