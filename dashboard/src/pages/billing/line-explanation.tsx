import { useQuery } from "urql";
import { CodeBlock } from "../../components/copy.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { count, day, exact, words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ExplainLineQuery } from "../../graphql/generated/graphql.ts";
import { priceLines } from "../plans/price-list.tsx";

const ExplainLineDocument = graphql(`
  query ExplainLine($id: ID!) {
    explainInvoiceLine(id: $id) {
      line {
        kind
        recompute
      }
      price {
        plan
        version
        planVersionId
        scheme
        flatFee
        unitPrice
        packageSize
        included
        tiers {
          upTo
          unitPrice
          fee
        }
      }
      days {
        day
        quantity
        amount
        events
      }
      quantity
      amount
    }
  }
`);

type Explanation = ExplainLineQuery["explainInvoiceLine"];

/** Where a line comes from: the price version, and what was used on each day. */
export function LineExplanation({ id, currency }: { id: string; currency: string }) {
  const [{ data, error }, ask] = useQuery({ query: ExplainLineDocument, variables: { id } });
  if (error !== undefined) return <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />;
  if (data === undefined) return <Waiting lines={4} height={18} />;
  const { price, days, line } = data.explainInvoiceLine;
  return (
    <div className="explained">
      {price === null ? null : <PriceVersion price={price} currency={currency} />}
      {days.length === 0 ? null : <Days of={data.explainInvoiceLine} currency={currency} />}
      {line.recompute === null ? null : (
        <details>
          <summary>The SQL that adds it up again from the events</summary>
          <CodeBlock label="SQL" code={line.recompute} />
        </details>
      )}
    </div>
  );
}

function PriceVersion({ price, currency }: { price: NonNullable<Explanation["price"]>; currency: string }) {
  return (
    <dl className="facts wide">
      <div>
        <dt className="dim small">Price version</dt>
        <dd>
          {price.plan} v{price.version}
        </dd>
      </div>
      {price.scheme === null ? (
        <div>
          <dt className="dim small">Fee of a period</dt>
          <dd>{exact(price.flatFee, currency)}</dd>
        </div>
      ) : (
        <>
          <div>
            <dt className="dim small">Included in each period</dt>
            <dd>{price.included === null ? "Nothing" : count(Number(price.included))}</dd>
          </div>
          <div>
            <dt className="dim small">{words(price.scheme)}</dt>
            <dd className="stack-tight">
              {explainedLines(price, currency).map((text) => (
                <span key={text}>{text}</span>
              ))}
            </dd>
          </div>
        </>
      )}
    </dl>
  );
}

function explainedLines(price: NonNullable<Explanation["price"]>, currency: string): string[] {
  const scheme = schemes.find((one) => one === price.scheme);
  if (scheme === undefined) return [];
  return priceLines(
    {
      scheme,
      unitPriceMicros: price.unitPrice ?? "0",
      packageSize: price.packageSize === null ? null : Number(price.packageSize),
      tiers: price.tiers.map(({ upTo, unitPrice, fee }) => ({
        upTo: upTo === null ? null : Number(upTo),
        unitPriceMicros: unitPrice,
        flatFeeMicros: fee,
      })),
    },
    currency,
  );
}

const schemes = ["PER_UNIT", "PACKAGE", "GRADUATED", "VOLUME", "FLAT"] as const;

function Days({ of, currency }: { of: Explanation; currency: string }) {
  const most = Math.max(...of.days.map(({ quantity }) => Math.abs(Number(quantity))));
  return (
    <div>
      <p className="dim small">
        All that was used at this price, tier by tier: no single day lies in one tier. In all{" "}
        {count(Number(of.quantity))} for {exact(of.amount, currency)}, before rounding.
      </p>
      <DataTable
        label="Daily totals"
        columns={[
          { head: "Day (UTC)", cell: (row) => day(row.day) },
          {
            head: "Share",
            cell: ({ quantity }) => (
              <meter
                className="limit-bar plain day-bar"
                aria-label="Share of the most used day"
                min={0}
                max={1}
                value={most === 0 ? 0 : Math.abs(Number(quantity)) / most}
              />
            ),
          },
          { head: "Quantity", isNumber: true, cell: ({ quantity }) => count(Number(quantity)) },
          { head: "Events", isNumber: true, cell: ({ events }) => count(events) },
          { head: "Amount", isNumber: true, cell: ({ amount }) => exact(amount, currency) },
        ]}
        rows={of.days}
        keyOf={(row) => row.day}
        empty={null}
      />
    </div>
  );
}
