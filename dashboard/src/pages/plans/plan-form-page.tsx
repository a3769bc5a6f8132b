import { Button, Checkbox, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useMutation, useQuery } from "urql";
import { Link, useLocation } from "wouter";
import { Page, Panel } from "../../components/page.tsx";
import { Empty, Failure, Waiting } from "../../components/states.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import type { PlanFormQuery } from "../../graphql/generated/graphql.ts";
import { emptyTerms, problemsOf, type TermsForm, termsFormOf, termsInputOf } from "./terms-form.ts";
import { LimitsPanel, PricesPanel } from "./terms-panels.tsx";

const PlanFormDocument = graphql(`
  query PlanForm($name: String!) {
    planVersions(plan: $name) {
      id
      version
      currency
      flatFeeMicros
      prices {
        ...PriceShown
      }
      limits {
        ...PlanLimitShown
      }
    }
    models(first: 100) {
      nodes {
        id
        name
      }
    }
  }
`);

/** Makes a plan, or the next version of one: from what the latest says. */
export function PlanFormPage({ name }: { name: string | undefined }) {
  const [{ data, error }, ask] = useQuery({
    query: PlanFormDocument,
    variables: { name: name ?? "" },
    requestPolicy: "network-only",
  });
  const isNew = name === undefined;
  return (
    <Page
      title={isNew ? "New plan" : `${name}: next version`}
      lead={
        isNew
          ? "A named bundle of prices and limits. It can be changed later by a new version."
          : "Tenants that are on a version stay on it until they are moved."
      }
    >
      {error === undefined ? null : <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />}
      {data === undefined && error === undefined ? <Waiting lines={8} height={28} /> : null}
      {data === undefined ? null : <Loaded name={name} data={data} />}
    </Page>
  );
}

function Loaded({ name, data }: { name: string | undefined; data: PlanFormQuery }) {
  const [latest] = data.planVersions;
  if (name !== undefined && latest === undefined) return <Empty icon="plans" title="There is no plan of that name" />;
  return (
    <PlanForm
      name={name}
      basedOn={latest?.version}
      initial={latest === undefined ? emptyTerms() : termsFormOf(latest)}
      models={data.models.nodes.map((model) => model.name)}
    />
  );
}

interface PlanFormProps {
  name: string | undefined;
  basedOn: number | undefined;
  initial: TermsForm;
  models: readonly string[];
}

function PlanForm({ name, basedOn, initial, models }: PlanFormProps) {
  const [newName, setNewName] = useState("");
  const [isSelfService, setSelfService] = useState(false);
  const [terms, setTerms] = useState(initial);
  const { error, fetching, make } = useMaking(name, basedOn);
  const [, goTo] = useLocation();
  const planName = name ?? newName;
  const problems = [...(name === undefined ? nameProblems(newName) : []), ...problemsOf(terms)];
  const submit = async () => {
    if (await make({ name: planName, isSelfService, terms })) goTo(`/plans/${planName}`);
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void submit();
  };
  return (
    <form onSubmit={onSubmit} className="stack plan-form">
      {error === undefined ? null : <Failure error={error} />}
      <Panel title="Plan">
        <div className="fields">
          {name === undefined ? (
            <TextInput
              data-autofocus
              label="Name"
              value={newName}
              maxLength={63}
              onChange={(event) => setNewName(event.currentTarget.value)}
            />
          ) : null}
          <TextInput
            label="Currency"
            value={terms.currency}
            maxLength={3}
            onChange={(event) => setTerms({ ...terms, currency: event.currentTarget.value.toUpperCase() })}
          />
          <TextInput
            label={`Fee of a period, ${terms.currency}`}
            inputMode="decimal"
            value={terms.flatFee}
            onChange={(event) => setTerms({ ...terms, flatFee: event.currentTarget.value })}
          />
        </div>
        {name === undefined ? (
          <Checkbox
            mt="md"
            label="Owners may move their own tenant to it"
            checked={isSelfService}
            onChange={(event) => setSelfService(event.currentTarget.checked)}
          />
        ) : null}
      </Panel>
      <PricesPanel terms={terms} models={models} onChange={setTerms} />
      <LimitsPanel terms={terms} models={models} onChange={setTerms} />
      {problems.length === 0 ? null : (
        <ul className="dim small" aria-label="Still missing">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <div className="row">
        <Button type="submit" loading={fetching} disabled={problems.length > 0}>
          {name === undefined ? "Make the plan" : `Make version ${(basedOn ?? 0) + 1}`}
        </Button>
        <Link className="text-link" href={name === undefined ? "/plans" : `/plans/${name}`}>
          Cancel
        </Link>
      </div>
    </form>
  );
}

function nameProblems(name: string): string[] {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) return [];
  return ["The name has small letters, digits and hyphens, such as pro-2027."];
}

interface Making {
  name: string;
  isSelfService: boolean;
  terms: TermsForm;
}

/** Makes the plan, or where there is one already its next version. True: it is there. */
function useMaking(name: string | undefined, basedOn: number | undefined) {
  const [made, create] = useMutation(
    graphql(`
      mutation CreatePlan($input: CreatePlanInput!) {
        createPlan(input: $input) {
          id
        }
      }
    `),
  );
  const [changed, createVersion] = useMutation(
    graphql(`
      mutation CreatePlanVersion($input: CreatePlanVersionInput!) {
        createPlanVersion(input: $input) {
          id
        }
      }
    `),
  );
  const make = async ({ name: planName, isSelfService, terms }: Making): Promise<boolean> => {
    const wanted = termsInputOf(terms);
    const result =
      name === undefined
        ? await create({ input: { name: planName, isSelfService, terms: wanted } })
        : await createVersion({ input: { plan: planName, basedOn: basedOn ?? 0, terms: wanted } });
    return result.data !== undefined && result.data !== null;
  };
  return { error: made.error ?? changed.error, fetching: made.fetching || changed.fetching, make };
}
