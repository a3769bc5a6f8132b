import { type Page, type PageRequest, pageOf } from "../../core/page.ts";
import type { Database } from "../../platform/database.ts";
import type { ItemView } from "./job-item.ts";
import { itemsOfSlice } from "./job-item.ts";

interface SliceRow {
  slice: number;
  first_item: string;
  items: number;
  states: Uint8Array;
  results: Uint8Array | null;
  lease_until: Date | null;
}

export type WantedItems = "ALL" | "FAILED";

/** The items of a job one by one, out of its slices. */
export class JobItemsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the order of the job; `after` is the number of an item. */
  async page(
    tenantId: string,
    jobId: string,
    request: { first: number; after: number; wanted: WantedItems },
  ): Promise<Page<ItemView>> {
    const { first, after, wanted } = request;
    const items: ItemView[] = [];
    for (let from = after; items.length <= first; ) {
      const [row] = await this.#database.tenantSql<SliceRow>(tenantId, {
        name: `next-slice-${wanted}`,
        text: `
          select slice, first_item, items, states, results, lease_until from job_slices
            where tenant_id = $1 and job_id = $2 and first_item + items - 1 > $3 ${wanted === "FAILED" ? "and failed > 0" : ""}
            order by slice limit 1`,
        values: [tenantId, jobId, from],
      });
      if (row === undefined) break;
      const found = itemsOfSlice({
        firstItem: Number(row.first_item),
        states: row.states,
        results: row.results ?? undefined,
        isClaimed: row.lease_until !== null,
      });
      items.push(...found.filter(({ index, state }) => index > after && (wanted === "ALL" || state === "FAILED")));
      from = Number(row.first_item) + row.items - 1;
    }
    const page: PageRequest = { first };
    return pageOf(items.slice(0, first + 1), page);
  }
}
