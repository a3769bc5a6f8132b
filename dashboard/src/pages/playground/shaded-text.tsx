import type { ReactNode } from "react";

interface Token {
  text: string | null;
  start: number | null;
  end: number | null;
  value: number;
}

/** The text, its tokens as strong in colour as they were worth; the strongest in words as well. */
export function ShadedText({ text, tokens }: { text: string; tokens: readonly Token[] }) {
  const strongest = Math.max(...tokens.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const pieces: ReactNode[] = [];
  let at = 0;
  for (const { start, end, value } of tokens) {
    // Tokens that the model adds stand nowhere in the text.
    if (start === null || end === null || start < at) continue;
    pieces.push(text.slice(at, start));
    pieces.push(
      <span key={start} style={{ backgroundColor: shade(value / strongest) }} title={value.toFixed(4)}>
        {text.slice(start, end)}
      </span>,
    );
    at = end;
  }
  pieces.push(text.slice(at));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard */}
      <section className="read-text" aria-label="The text with its shades" tabIndex={0}>
        {pieces}
      </section>
      <Strongest tokens={tokens} />
    </>
  );
}

const shown = 5;

function Strongest({ tokens }: { tokens: readonly Token[] }) {
  const named = tokens
    .filter(({ text, value }) => text !== null && text.trim() !== "" && value !== 0)
    .toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, shown);
  if (named.length === 0) return <p className="dim small">No word of it counted for anything by itself.</p>;
  return (
    <p className="small">
      <span className="dim">Strongest: </span>
      {named.map(({ text, start, value }, index) => (
        <span key={start}>
          {index === 0 ? "" : ", "}
          {text} <span className="dim">{`${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(3)}`}</span>
        </span>
      ))}
    </p>
  );
}

/** By the square root: most values are small, and would not be seen. Never so dark that the text is hard to read. */
function shade(share: number): string {
  const strength = Math.sqrt(Math.abs(share)) * 0.5;
  if (strength < 0.03) return "transparent";
  return share > 0 ? `rgb(214 39 40 / ${strength})` : `rgb(31 98 190 / ${strength})`;
}
