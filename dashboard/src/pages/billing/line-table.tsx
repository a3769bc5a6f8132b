import { UnstyledButton } from "@mantine/core";
import { useId, useState } from "react";
import { Icon } from "../../components/icons.tsx";
import { count, exact, paid } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InvoiceLineShownFragment } from "../../graphql/generated/graphql.ts";
import { LineExplanation } from "./line-explanation.tsx";

/** A line of a draft has no id yet. */
graphql(`
  fragment InvoiceLineShown on InvoiceLine {
    id
    position
    kind
    description
    meter
    tier
    quantity
    unitPrice
    exactAmount
    amount
  }
`);

export type Line = InvoiceLineShownFragment;

/** The lines of an invoice or of a draft. Those of an invoice open down to the days that they are made of. */
export function LineTable({ lines, currency }: { lines: readonly Line[]; currency: string }) {
  return (
    <div className="table-scroll">
      <table className="data lines" aria-label="Lines">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Meter</th>
            <th scope="col" className="number">
              Tier
            </th>
            <th scope="col" className="number">
              Quantity
            </th>
            <th scope="col" className="number">
              Unit price
            </th>
            <th scope="col" className="number">
              Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <LineRows key={line.position} line={line} currency={currency} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LineRows({ line, currency }: { line: Line; currency: string }) {
  const [isOpen, setOpen] = useState(false);
  const panelId = useId();
  return (
    <>
      <tr className={isOpen ? "opened" : undefined}>
        <td>
          {line.id === null ? (
            <Description text={line.description} />
          ) : (
            <UnstyledButton
              className="opener"
              aria-expanded={isOpen}
              aria-controls={panelId}
              onClick={() => setOpen((before) => !before)}
            >
              <Icon name={isOpen ? "open" : "right"} size={14} />
              <Description text={line.description} />
            </UnstyledButton>
          )}
        </td>
        <LineCells line={line} currency={currency} />
      </tr>
      {line.id !== null && isOpen ? (
        <tr className="opening">
          <td colSpan={6} id={panelId}>
            <LineExplanation id={line.id} currency={currency} />
          </td>
        </tr>
      ) : null}
    </>
  );
}

function LineCells({ line, currency }: { line: Line; currency: string }) {
  const { kind, meter, tier, quantity, unitPrice, amount, exactAmount } = line;
  const isFee = kind === "FLAT_FEE" || kind === "FLAT_FEE_CREDIT";
  const nothing = <span className="dim">–</span>;
  return (
    <>
      <td data-head="Meter" className={meter === null ? "blank" : undefined}>
        {meter?.replaceAll("_", " ") ?? nothing}
      </td>
      <td data-head="Tier" className={tier === null ? "number blank" : "number"}>
        {tier ?? nothing}
      </td>
      <td data-head="Quantity" className="number">
        {isFee ? `${quantity} days` : count(Number(quantity))}
      </td>
      <td data-head="Unit price" className={unitPrice === null ? "number blank" : "number"}>
        {unitPrice === null ? nothing : exact(unitPrice, currency)}
      </td>
      <td data-head="Amount" className="number">
        <span className="strong" title={`Before rounding: ${exact(exactAmount, currency)}`}>
          {paid(amount, currency)}
        </span>
      </td>
    </>
  );
}

/** "pro v3: flat fee, 21 of 31 days": what it is of stands first, and the rest below it. */
function Description({ text }: { text: string }) {
  const at = text.indexOf(", ");
  if (at < 0) return <span className="strong">{text}</span>;
  return (
    <span className="stack-tight">
      <span className="strong">{text.slice(0, at)}</span>
      <span className="dim small">{text.slice(at + 2)}</span>
    </span>
  );
}

interface Totals {
  currency: string;
  subtotal: string;
  taxRatePpm: number;
  tax: string;
  credits: string;
  total: string;
}

/** How the lines become what is to be paid. */
export function TotalsList({ of, totalName }: { of: Totals; totalName: string }) {
  const { currency } = of;
  return (
    <dl className="totals">
      <Sum name="Subtotal" value={paid(of.subtotal, currency)} />
      <Sum name={`Tax, ${of.taxRatePpm / 10_000} %`} value={paid(of.tax, currency)} />
      {BigInt(of.credits) === 0n ? null : <Sum name="Credits" value={paid(-BigInt(of.credits), currency)} />}
      <Sum name={totalName} value={paid(of.total, currency)} isTotal />
    </dl>
  );
}

function Sum({ name, value, isTotal = false }: { name: string; value: string; isTotal?: boolean }) {
  return (
    <div className={isTotal ? "total" : undefined}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
