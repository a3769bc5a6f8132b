import { ActionIcon, Button, Select, TextInput } from "@mantine/core";
import { Icon } from "../../components/icons.tsx";
import { words } from "../../format.ts";
import { ModelChoice } from "./limit-fields.tsx";
import { emptyTier, isTiered, meters, type PriceForm, type TierForm } from "./terms-form.ts";

const schemeNames: Record<PriceForm["scheme"], string> = {
  PER_UNIT: "Per unit",
  PACKAGE: "Per package",
  GRADUATED: "Graduated tiers",
  VOLUME: "Volume tiers",
  FLAT: "Flat, once used",
};

const amountNames: Partial<Record<PriceForm["scheme"], string>> = {
  PER_UNIT: "Price of one",
  PACKAGE: "Price of a package",
  FLAT: "Price",
};

interface PriceFieldsProps {
  price: PriceForm;
  currency: string;
  models: readonly string[];
  onChange: (price: PriceForm) => void;
}

/** The fields that a price of this scheme has, and no others. */
export function PriceFields({ price, currency, models, onChange }: PriceFieldsProps) {
  const set = (change: Partial<PriceForm>) => onChange({ ...price, ...change });
  return (
    <>
      <Select
        label="Meter"
        data={meters.map((meter) => ({ value: meter, label: words(meter) }))}
        value={price.meter}
        allowDeselect={false}
        onChange={(value) => set({ meter: value ?? "inputs" })}
      />
      <ModelChoice models={models} value={price.model} onChange={(model) => set({ model })} />
      <Select
        label="Scheme"
        data={Object.entries(schemeNames).map(([value, label]) => ({ value, label }))}
        value={price.scheme}
        allowDeselect={false}
        onChange={(value) => set({ scheme: (value ?? "PER_UNIT") as PriceForm["scheme"] })}
      />
      <TextInput
        label="Included"
        inputMode="decimal"
        placeholder="0"
        value={price.included}
        onChange={(event) => set({ included: event.currentTarget.value })}
      />
      {isTiered(price) ? (
        <TierFields tiers={price.tiers} currency={currency} onChange={(tiers) => set({ tiers })} />
      ) : (
        <TextInput
          label={`${amountNames[price.scheme]}, ${currency}`}
          inputMode="decimal"
          value={price.unitPrice}
          onChange={(event) => set({ unitPrice: event.currentTarget.value })}
        />
      )}
      {price.scheme === "PACKAGE" ? (
        <TextInput
          label="Units in a package"
          inputMode="decimal"
          value={price.packageSize}
          onChange={(event) => set({ packageSize: event.currentTarget.value })}
        />
      ) : null}
    </>
  );
}

interface TierFieldsProps {
  tiers: TierForm[];
  currency: string;
  onChange: (tiers: TierForm[]) => void;
}

function TierFields({ tiers, currency, onChange }: TierFieldsProps) {
  const change = (key: string, to: Partial<TierForm>) =>
    onChange(tiers.map((tier) => (tier.key === key ? { ...tier, ...to } : tier)));
  return (
    <fieldset className="tiers">
      <legend className="dim small">Tiers, counted after what is included</legend>
      {tiers.map((tier, index) => (
        <div className="tier" key={tier.key}>
          <TextInput
            aria-label={`End of tier ${index + 1}`}
            placeholder={index === tiers.length - 1 ? "and above" : "up to"}
            disabled={index === tiers.length - 1}
            inputMode="decimal"
            value={index === tiers.length - 1 ? "" : tier.upTo}
            onChange={(event) => change(tier.key, { upTo: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`Price of one in tier ${index + 1}`}
            placeholder={`${currency} each`}
            inputMode="decimal"
            value={tier.unitPrice}
            onChange={(event) => change(tier.key, { unitPrice: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`Fee of tier ${index + 1}`}
            placeholder={`${currency} once`}
            inputMode="decimal"
            value={tier.fee}
            onChange={(event) => change(tier.key, { fee: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove tier ${index + 1}`}
            disabled={tiers.length === 1}
            onClick={() => onChange(tiers.filter(({ key }) => key !== tier.key))}
          >
            <Icon name="trash" size={16} />
          </ActionIcon>
        </div>
      ))}
      <Button size="xs" variant="default" onClick={() => onChange([emptyTier(), ...tiers].sort(byEnd))}>
        Add a tier
      </Button>
    </fieldset>
  );
}

/** Ends that are still to be typed stand before the last one, which has none. */
function byEnd(one: TierForm, other: TierForm): number {
  const endOf = ({ upTo }: TierForm) => (upTo === "" ? Number.POSITIVE_INFINITY : Number(upTo));
  return endOf(one) === endOf(other) ? 0 : endOf(one) - endOf(other);
}
