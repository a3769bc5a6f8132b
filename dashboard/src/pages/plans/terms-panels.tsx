import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Icon } from "../../components/icons.tsx";
import { Panel } from "../../components/page.tsx";
import { LimitFields } from "./limit-fields.tsx";
import { emptyLimit } from "./limit-form.ts";
import { PriceFields } from "./price-fields.tsx";
import { ScopeChoice } from "./scope-choice.tsx";
import { emptyPrice, type TermsForm } from "./terms-form.ts";

interface PartProps {
  terms: TermsForm;
  models: readonly string[];
  onChange: (terms: TermsForm) => void;
}

export function PricesPanel({ terms, models, onChange }: PartProps) {
  const setPrices = (prices: TermsForm["prices"]) => onChange({ ...terms, prices });
  return (
    <Panel title="Prices" note="Of each meter, for all models or for one. A meter without a price costs nothing.">
      {terms.prices.map((price, index) => (
        <Entry
          key={price.key}
          name={`Price ${index + 1}`}
          onRemove={() => setPrices(terms.prices.filter(({ key }) => key !== price.key))}
        >
          <PriceFields
            price={price}
            currency={terms.currency}
            models={models}
            onChange={(changed) => setPrices(terms.prices.map((one) => (one.key === price.key ? changed : one)))}
          />
        </Entry>
      ))}
      <Button size="xs" variant="default" onClick={() => setPrices([...terms.prices, emptyPrice("explanations")])}>
        Add a price
      </Button>
    </Panel>
  );
}

export function LimitsPanel({ terms, models, onChange }: PartProps) {
  const setLimits = (limits: TermsForm["limits"]) => onChange({ ...terms, limits });
  return (
    <Panel title="Limits" note="Of every tenant on the plan; those of each API key are what a key has by default.">
      {terms.limits.map((limit, index) => {
        const set = (changed: typeof limit) =>
          setLimits(terms.limits.map((one) => (one.key === limit.key ? changed : one)));
        return (
          <Entry
            key={limit.key}
            name={`Limit ${index + 1}`}
            onRemove={() => setLimits(terms.limits.filter(({ key }) => key !== limit.key))}
          >
            <ScopeChoice
              value={limit.appliesTo}
              onChange={(appliesTo) => set({ ...limit, appliesTo: appliesTo === "EACH_KEY" ? "EACH_KEY" : "TENANT" })}
            />
            <LimitFields limit={limit} currency={terms.currency} models={models} onChange={set} />
          </Entry>
        );
      })}
      <Button
        size="xs"
        variant="default"
        onClick={() => setLimits([...terms.limits, { ...emptyLimit(), appliesTo: "TENANT" }])}
      >
        Add a limit
      </Button>
    </Panel>
  );
}

function Entry({ name, onRemove, children }: { name: string; onRemove: () => void; children: ReactNode }) {
  return (
    <fieldset className="entry" aria-label={name}>
      <div className="fields">{children}</div>
      <Button
        size="xs"
        variant="subtle"
        color="gray"
        aria-label={`Remove ${name.toLowerCase()}`}
        leftSection={<Icon name="trash" size={14} />}
        onClick={onRemove}
      >
        Remove
      </Button>
    </fieldset>
  );
}
