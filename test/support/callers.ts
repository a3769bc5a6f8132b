import type pg from "pg";
import { type Answer, GraphqlClient } from "./graphql-client.ts";

interface Asking {
  key?: string;
  deadlineMs?: number;
  /** The grey of the picture. */
  value?: number;
}

/** Callers of one tenant, what they were answered, and what they were refused with. */
export class Callers {
  /** The ids of the inferences whose answer somebody holds. */
  readonly held: string[] = [];
  /** The codes of the refusals. */
  readonly codes: string[] = [];
  /** Requests whose connection was cut before anything came back. */
  lost = 0;
  /** The longest that anybody waited. */
  longestMs = 0;
  readonly #apiKey: string;

  constructor(apiKey: string) {
    this.#apiKey = apiKey;
  }

  async ask(url: string, { key, deadlineMs, value = 7 }: Asking = {}): Promise<Answer | undefined> {
    const pixels = Buffer.alloc(784, value % 256).toString("base64");
    const startedAt = performance.now();
    const answer = await new GraphqlClient(url, this.#apiKey)
      .infer({
        model: "digits",
        inputs: [{ tensor: { dtype: "uint8", shape: [784], data: pixels } }],
        ...(key === undefined ? {} : { idempotencyKey: key }),
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
      })
      .catch(() => undefined);
    this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
    if (answer === undefined) this.lost++;
    else if (answer.data?.infer) this.held.push(answer.data.infer.id);
    this.codes.push(...(answer?.errors ?? []).map((error) => error.extensions.code));
    return answer;
  }

  /** So many callers that ask again as soon as they are answered or refused, every second time under a new key. */
  keepAsking(url: string, callers: number, options: { deadlineMs?: number } = {}): { stop(): Promise<void> } {
    let isStopped = false;
    const askOn = async (caller: number) => {
      for (let turn = 0; !isStopped; turn += 2) {
        await this.ask(url, { value: caller, ...options });
        await this.ask(url, { value: caller, key: `caller-${caller}-${turn}`, ...options });
      }
    };
    const asking = Promise.all(Array.from({ length: callers }, (_, caller) => askOn(caller)));
    return {
      stop: async () => {
        isStopped = true;
        await asking;
      },
    };
  }
}

type Sql = (text: string, values?: unknown[]) => Promise<pg.QueryResultRow[]>;

/**
 * Where the ledger and the callers do not agree: answers that are not charged exactly once, and charges without an
 * answer. A charge under a key may stand alone: its answer lies there to be fetched.
 */
export async function disagreements(sql: Sql, tenantId: string, held: readonly string[]): Promise<string[]> {
  const rows = await sql(
    `select inference_id, sum(quantity)::int as net, bool_or(idempotency_key is not null) as is_keyed
       from usage_events where tenant_id = $1 group by 1`,
    [tenantId],
  );
  const charged = new Map(rows.map((row) => [row["inference_id"], row]));
  const holders = new Set(held);
  return [
    ...[...holders].flatMap((id) =>
      charged.get(id)?.["net"] === 1 ? [] : [`${id}: ${charged.get(id)?.["net"]} charges`],
    ),
    ...rows.flatMap((row) =>
      row["net"] === 0 || row["is_keyed"] || holders.has(row["inference_id"])
        ? []
        : [`${row["inference_id"]}: no answer`],
    ),
  ];
}
