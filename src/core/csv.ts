/** A cell: numbers and dates are ours; text may come from anybody. */
export type CsvCell = string | number | bigint | Date | undefined;

/**
 * A line of CSV by RFC 4180, its end included. A text that a spreadsheet would take for a formula gets an apostrophe in
 * front, which spreadsheets show as the text it is: a tenant's key name is no code to run on an accountant's machine.
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(cell: CsvCell): string {
  if (cell === undefined) return "";
  if (cell instanceof Date) return cell.toISOString();
  if (typeof cell !== "string") return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
