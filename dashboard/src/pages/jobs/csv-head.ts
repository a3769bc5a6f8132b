/**
 * The first rows of a text in CSV (RFC 4180), to show what its columns are; the gateway reads the file itself. A row that
 * does not end within the text is left out, unless nothing else is there.
 */
export function csvHead(text: string, rows: number): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  for (const { value, ends } of cellsOf(text.replace(/^\uFEFF/, ""))) {
    row.push(value);
    if (ends === "CELL") continue;
    if (ends === "ROW" || found.length === 0) found.push(row);
    row = [];
    if (found.length === rows) break;
  }
  return found;
}

interface Cell {
  value: string;
  ends: "CELL" | "ROW" | "TEXT";
}

function* cellsOf(text: string): Generator<Cell> {
  const cell = /"((?:[^"]|"")*)"(,|\r?\n|$)|([^,\r\n]*)(,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (match === null) return;
    const [, quoted, quotedEnd, plain = "", plainEnd] = match;
    const value = quoted === undefined ? plain : quoted.replaceAll('""', '"');
    yield { value, ends: endOf(quotedEnd ?? plainEnd ?? "") };
  }
}

function endOf(mark: string): Cell["ends"] {
  if (mark === ",") return "CELL";
  return mark === "" ? "TEXT" : "ROW";
}
