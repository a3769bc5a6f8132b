import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "urql";
import { messageOf } from "../../components/states.tsx";
import { count, money, words } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InferInput } from "../../graphql/generated/graphql.ts";

const ExplainPriceDocument = graphql(`
  query ExplainPrice($input: ExplainCostInput!) {
    explainCost(input: $input) {
      inputs
      evaluations
      quantity
      amount
    }
  }
`);

type Method = NonNullable<InferInput["explain"]>["method"];

const meanings: Record<Method, string> = {
  OCCLUSION: "Occlusion: what the score loses without each part",
  INTEGRATED_GRADIENTS: "Integrated gradients: how the score climbs with each part",
  SHAP: "SHAP: each part's fair share of the score",
  ATTENTION: "Attention: what the model itself looked at",
};

interface ExplainChoiceProps {
  methods: readonly Method[];
  method: Method | undefined;
  onMethod: (method: string | undefined) => void;
  /** What would be asked now; undefined while nothing is filled in. */
  request: InferInput | undefined;
  currency: string | undefined;
}

/** Whether the answer is to be explained, and what that would cost: told before it is asked for. */
export function ExplainChoice({ methods, method, onMethod, request, currency }: ExplainChoiceProps) {
  if (methods.length === 0) return null;
  return (
    <div className="close-together">
      <Select
        label="Explain the answer"
        data={[
          { value: "", label: "No" },
          ...methods.map((name) => ({ value: name, label: meanings[name] ?? words(name) })),
        ]}
        allowDeselect={false}
        value={method ?? ""}
        onChange={(name) => onMethod(name || undefined)}
      />
      <Price request={request} currency={currency} />
    </div>
  );
}

/** Half a second after the last letter: nobody reads a price that changes while they write. */
const settledMs = 500;

function Price({ request, currency }: { request: InferInput | undefined; currency: string | undefined }) {
  const [settled] = useDebouncedValue(request, settledMs);
  const explain = settled?.explain;
  const [{ data, error, fetching }] = useQuery({
    query: ExplainPriceDocument,
    pause: !settled || !explain,
    variables: {
      input: {
        model: settled?.model ?? "",
        alias: settled?.alias ?? null,
        inputs: settled?.inputs ?? [],
        explain: explain ?? { method: "OCCLUSION" },
      },
    },
    requestPolicy: "network-only",
  });
  if (!request?.explain) return null;
  if (error !== undefined) return <p className="dim small">{messageOf(error)}</p>;
  if (data === undefined || fetching || settled !== request) return <p className="dim small">Looking up the price…</p>;
  const { evaluations, quantity, amount } = data.explainCost;
  const price = amount === null ? "" : `, ${money(amount, currency)} in all`;
  return (
    <p className="dim small" role="status">
      Explaining runs {count(evaluations)} changed inputs: {count(quantity)} inputs are charged{price}.
    </p>
  );
}
