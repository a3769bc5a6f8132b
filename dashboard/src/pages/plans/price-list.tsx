import { DataTable } from "../../components/data-table.tsx";
import { count, exact, words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { PriceShownFragment } from "../../graphql/generated/graphql.ts";

graphql(`
  fragment PriceShown on PlanPrice {
    meter
    modelId
    modelName
    scheme
    unitPriceMicros
    packageSize
    included
    tiers {
      upTo
      unitPriceMicros
      flatFeeMicros
    }
  }
`);

export type Price = PriceShownFragment;

/** What each meter costs, in words that add up to the price. */
export function PriceList({ prices, currency }: { prices: readonly Price[]; currency: string }) {
  return (
    <DataTable
      label="Prices"
      columns={[
        { head: "Meter", cell: ({ meter }) => <span className="strong">{words(meter)}</span> },
        { head: "Model", cell: (price) => modelOf(price) },
        { head: "Included", isNumber: true, cell: ({ included }) => (included === 0 ? "–" : count(included)) },
        { head: "Price", cell: (price) => <PriceOf price={price} currency={currency} /> },
      ]}
      rows={prices}
      keyOf={({ meter, modelId }) => `${meter} ${modelId ?? ""}`}
      empty={<p className="dim padded">Nothing has a price, so nothing can be asked.</p>}
    />
  );
}

function modelOf({ modelId, modelName }: Price) {
  if (modelId === null) return <span className="dim">All</span>;
  return modelName ?? <span className="dim">Another model</span>;
}

function PriceOf({ price, currency }: { price: Price; currency: string }) {
  const lines = priceLines(price, currency);
  return (
    <span className="stack-tight">
      {lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
      {price.scheme === "VOLUME" ? (
        <span className="dim small">The tier of the whole quantity prices all of it.</span>
      ) : null}
    </span>
  );
}

/** A price as a person says it. */
export function priceLines(
  price: Pick<Price, "scheme" | "unitPriceMicros" | "packageSize" | "tiers">,
  currency: string,
) {
  const unit = exact(price.unitPriceMicros, currency);
  switch (price.scheme) {
    case "PER_UNIT":
      return [`${unit} each`];
    case "PACKAGE":
      return [`${unit} for each ${count(price.packageSize ?? 1)} begun`];
    case "FLAT":
      return [`${unit} once, for any quantity`];
    case "GRADUATED":
    case "VOLUME":
      return price.tiers.map((tier, index) => tierLine(tier, { before: price.tiers[index - 1]?.upTo ?? 0, currency }));
  }
}

function tierLine(tier: Price["tiers"][number], { before, currency }: { before: number; currency: string }): string {
  const span = tier.upTo === null ? `above ${count(before)}` : `${count(before + 1)} to ${count(tier.upTo)}`;
  const fee = BigInt(tier.flatFeeMicros) === 0n ? "" : `, and ${exact(tier.flatFeeMicros, currency)} once`;
  return `${span}: ${exact(tier.unitPriceMicros, currency)} each${fee}`;
}
