import type { Database } from "../../platform/database.ts";
import type { Tally } from "./tally.ts";

/** What one gateway saw of a target since it last told. */
export interface TargetTally {
  aliasId: string;
  /** Undefined: the platform's. */
  tenantId: string | undefined;
  revision: number;
  modelVersionId: string;
  /** Over how many seconds the alias is judged. */
  windowSeconds: number;
  tally: Tally;
}

/** What all gateways together saw of the targets of aliases lately. */
export class AliasTalliesStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds to the slices of this moment, by the database's clock, which is the same for all gateways. */
  async add(seen: readonly TargetTally[]): Promise<void> {
    await this.#database.systemSql({ name: "add-alias-tallies", text: addSql, values: [JSON.stringify(seen)] });
  }

  /** By the target's version; those of which nothing was seen are missing. */
  async read({ aliasId, revision, windowSeconds }: Omit<TargetTally, "tenantId" | "modelVersionId" | "tally">) {
    const rows = await this.#database.systemSql<Tally & { modelVersionId: string }>({
      name: "read-alias-tallies",
      text: readSql,
      values: [aliasId, revision, windowSeconds],
    });
    return new Map<string, Tally>(rows.map(({ modelVersionId, ...tally }) => [modelVersionId, tally]));
  }

  async forget(): Promise<void> {
    await this.#database.systemSql({ text: "delete from alias_tallies where forget_at < now()" });
  }
}

// Two gateways add to the same rows at once: in one order, so that neither waits for the other for ever.
const addSql = `
  insert into alias_tallies as known
    (tenant_id, alias_id, revision, model_version_id, slice, requests, failures, compared, disagreed, latencies, forget_at)
  select "tenantId", "aliasId", s.revision, "modelVersionId",
         date_bin(make_interval(secs => ceil("windowSeconds" / 20.0)), now(), 'epoch'),
         (tally->>'requests')::integer, (tally->>'failures')::integer,
         (tally->>'compared')::integer, (tally->>'disagreed')::integer,
         array(select jsonb_array_elements_text(tally->'latencies')::integer),
         now() + make_interval(secs => 2 * "windowSeconds")
  from jsonb_to_recordset($1::jsonb) as s (
    "tenantId" text, "aliasId" text, revision integer, "modelVersionId" text, "windowSeconds" integer, tally jsonb)
  order by "aliasId", s.revision, "modelVersionId"
  on conflict (alias_id, revision, model_version_id, slice) do update
  set requests = known.requests + excluded.requests,
      failures = known.failures + excluded.failures,
      compared = known.compared + excluded.compared,
      disagreed = known.disagreed + excluded.disagreed,
      latencies = array(
        select coalesce(a, 0) + coalesce(b, 0)
        from unnest(known.latencies, excluded.latencies) with ordinality as bin (a, b, place)
        order by place),
      forget_at = excluded.forget_at`;

const readSql = `
  with seen as (
    select *
    from alias_tallies
    where alias_id = $1
      and revision = $2
      and slice > now() - make_interval(secs => $3)
  ), bins as (
    select model_version_id, place, sum(count)::integer as count
    from seen, unnest(latencies) with ordinality as bin (count, place)
    group by model_version_id, place
  ), histograms as (
    select model_version_id, array_agg(count order by place) as latencies
    from bins
    group by model_version_id
  )
  select model_version_id as "modelVersionId",
         sum(requests)::integer as requests, sum(failures)::integer as failures,
         sum(compared)::integer as compared, sum(disagreed)::integer as disagreed,
         latencies
  from (select model_version_id, requests, failures, compared, disagreed from seen) counts
  join histograms using (model_version_id)
  group by model_version_id, latencies`;
