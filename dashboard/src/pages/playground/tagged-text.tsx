import type { ReactNode } from "react";
import { count } from "../../format.ts";

interface Token {
  start: number | null;
  end: number | null;
  label: string;
  score: number;
}

interface Span {
  label: string;
  start: number;
  end: number;
}

/** The labels that taggers give to what is nothing of interest. */
const outside = new Set(["none", "o"]);

/** The text with what was found in it marked: neighbours of one label are one find. */
export function TaggedText({
  text,
  tokens,
  labels,
}: {
  text: string;
  tokens: readonly Token[];
  labels: readonly string[];
}) {
  const spans = spansOf(tokens);
  const kinds = labels.filter((label) => !outside.has(label.toLowerCase()));
  const pieces: ReactNode[] = [];
  let at = 0;
  for (const { label, start, end } of spans) {
    pieces.push(text.slice(at, start));
    pieces.push(
      <mark key={start} className={`tag tag-${kinds.indexOf(label) % 8}`}>
        {text.slice(start, end)}
        <span className="tag-label">{label}</span>
      </mark>,
    );
    at = end;
  }
  pieces.push(text.slice(at));
  return (
    <>
      <p className="dim">{summaryOf(spans, kinds)}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard */}
      <section className="read-text" aria-label="The text with its tags" tabIndex={0}>
        {pieces}
      </section>
    </>
  );
}

function spansOf(tokens: readonly Token[]): Span[] {
  const spans: Span[] = [];
  let before: Span | undefined;
  for (const { start, end, label } of tokens) {
    if (start === null || end === null || outside.has(label.toLowerCase())) {
      before = undefined;
    } else if (before?.label === label) {
      before.end = end;
    } else {
      before = { label, start, end };
      spans.push(before);
    }
  }
  return spans;
}

function summaryOf(spans: readonly Span[], kinds: readonly string[]): string {
  if (spans.length === 0) return `Nothing was found of: ${kinds.join(", ")}.`;
  const counts = kinds
    .map((kind) => [kind, spans.filter(({ label }) => label === kind).length] as const)
    .filter(([, found]) => found > 0);
  return `Found: ${counts.map(([kind, found]) => `${count(found)} × ${kind}`).join(", ")}.`;
}
