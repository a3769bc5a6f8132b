import { useQuery } from "urql";
import { Page } from "../../components/page.tsx";
import { Failure, Waiting } from "../../components/states.tsx";
import { useWhileVisible } from "../../components/while-visible.ts";
import { count, duration, milliseconds } from "../../format.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { EngineQuery } from "../../graphql/generated/graphql.ts";
import { Drift } from "./drift.tsx";
import { Lanes } from "./lanes.tsx";
import { Runners } from "./runners.tsx";

const EngineDocument = graphql(`
  query Engine {
    engine {
      isReady
      restarts
      inFlightMb
      runners {
        state
        isSpare
        provider
        sessionMb
        residentMb
        tenant {
          id
          name
        }
        versions {
          model
          version
        }
      }
      lanes {
        queuedInputs
        msPerInput
        inputsPerSecond
        strikes
        version {
          model
          version
          state
          provider
          tenant {
            id
            name
          }
        }
        tenants {
          queuedInputs
          share
          tenant {
            id
            name
          }
        }
      }
    }
    ledgerDrift {
      lookedAt
      caches {
        cache
        numbers
      }
      examples {
        cache
        tenantId
        row
        cached
        recomputed
      }
    }
  }
`);

export type Engine = EngineQuery["engine"];
export type LedgerDrift = EngineQuery["ledgerDrift"];

const everyMs = 2_000;

/** What runs models, how long the queues are, and whether the books are right: for whoever is woken up by it. */
export function EnginePage() {
  const [{ data, error }, ask] = useQuery({ query: EngineDocument, requestPolicy: "cache-and-network" });
  const again = () => ask({ requestPolicy: "network-only" });
  useWhileVisible(again, { everyMs, isOn: true });
  return (
    <Page
      title="Engine"
      lead="As the gateway sees it that answers this page; each gateway has runners and lanes of its own."
    >
      {error === undefined ? null : <Failure error={error} retry={again} />}
      {data === undefined && error === undefined ? <Waiting lines={8} height={32} /> : null}
      {data === undefined ? null : (
        <>
          <Summary engine={data.engine} drift={data.ledgerDrift} />
          <Runners runners={data.engine.runners} />
          <Lanes lanes={data.engine.lanes} />
          <Drift drift={data.ledgerDrift} onLooked={again} />
        </>
      )}
    </Page>
  );
}

function Summary({ engine, drift }: { engine: Engine; drift: LedgerDrift }) {
  const queued = engine.lanes.reduce((sum, { queuedInputs }) => sum + queuedInputs, 0);
  const rate = engine.lanes.reduce((sum, { inputsPerSecond }) => sum + inputsPerSecond, 0);
  const busiest = engine.lanes.toSorted((a, b) => b.queuedInputs * b.msPerInput - a.queuedInputs * a.msPerInput)[0];
  const waitMs = busiest === undefined ? 0 : busiest.queuedInputs * busiest.msPerInput;
  const differing = drift.caches.reduce((sum, { numbers }) => sum + numbers, 0);
  const figures: [string, string, string][] = [
    [
      "State",
      engine.isReady ? "Takes requests" : "Not ready",
      `${count(engine.restarts)} runners replaced since start`,
    ],
    ["Inputs each second", rate < 10 ? rate.toFixed(1) : count(rate), "Of late, over all lanes"],
    ["Queued inputs", count(queued), workText(waitMs)],
    ["Drift", driftText(drift.lookedAt, differing), "Cached numbers that differ from the ledger"],
  ];
  return (
    <div className="figures engine-figures">
      {figures.map(([name, value, note]) => (
        <div key={name}>
          <p className="dim small">{name}</p>
          <p className="figure-value">{value}</p>
          <p className="delta">{note}</p>
        </div>
      ))}
    </div>
  );
}

function workText(ms: number): string {
  if (ms === 0) return "Nobody waits";
  return `${ms < 1_000 ? milliseconds(ms) : duration(ms / 1_000)} of work in the longest`;
}

function driftText(lookedAt: string | null, differing: number): string {
  if (differing > 0) return `${count(differing)} numbers`;
  return lookedAt === null ? "Not looked yet" : "None";
}
