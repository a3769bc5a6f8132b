import { Tabs } from "@mantine/core";
import { CodeBlock } from "../components/copy.tsx";
import { count, milliseconds, money, percent } from "../format.ts";
import type { InferInput, TryMutation } from "../graphql/generated/graphql.ts";
import { useCurrency } from "../session/currency.tsx";

type Answered = TryMutation["infer"];

/** What the model said, how sure it is, how long it took and what it cost. */
export function InferenceAnswer({ inference }: { inference: Answered }) {
  const currency = useCurrency();
  const [output] = inference.outputs;
  if (output === undefined) return null;
  const amount = inference.usage.reduce((sum, used) => sum + BigInt(used.amount), 0n);
  return (
    <div className="stack" role="status">
      <div className="verdict">
        <span className="verdict-label">{output.label}</span>
        <span className="dim">{percent(output.score, 1)} sure</span>
      </div>
      <ul className="scores">
        {output.scores.map(({ label, score }) => (
          <li key={label}>
            <span>{label}</span>
            <meter className="limit-bar" aria-label={`Score of ${label}`} min={0} max={1} value={score} />
            <span className="dim">{percent(score, 1)}</span>
          </li>
        ))}
      </ul>
      {output.truncated ? (
        <p className="dim small">The text was longer than the model takes: its end was left out.</p>
      ) : null}
      <dl className="facts">
        <Fact
          name="Version"
          value={`${inference.version.version}${inference.alias === null ? "" : ` by ${inference.alias}`}`}
        />
        <Fact name="In all" value={milliseconds(inference.timing.totalMs)} />
        <Fact name="Waited" value={milliseconds(inference.timing.queueMs)} />
        <Fact name="Ran" value={milliseconds(inference.timing.runMs)} />
        <Fact name="Batch" value={`${count(inference.timing.batchSize)} on ${inference.timing.provider}`} />
        <Fact
          name="Charged"
          value={inference.usage.map(({ quantity, meter }) => `${count(quantity)} ${meter}`).join(", ")}
        />
        <Fact name="Cost" value={money(amount, currency)} />
      </dl>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt className="dim small">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const operation = `mutation Try($input: InferInput!) {
  infer(input: $input) {
    outputs { label score scores { label score } }
    usage { meter quantity amount }
    timing { queueMs runMs totalMs batchSize provider }
  }
}`;

/** The request that asks the same, to be taken away. */
export function RequestMade({ input }: { input: InferInput }) {
  const variables = JSON.stringify({ input }, undefined, 2);
  return (
    <Tabs defaultValue="operation" mt="md">
      <Tabs.List>
        <Tabs.Tab value="operation">GraphQL</Tabs.Tab>
        <Tabs.Tab value="variables">Variables</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="operation" pt="sm">
        <CodeBlock code={operation} label="The operation" />
      </Tabs.Panel>
      <Tabs.Panel value="variables" pt="sm">
        <CodeBlock code={variables} label="Its variables" />
      </Tabs.Panel>
    </Tabs>
  );
}
