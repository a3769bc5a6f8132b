import type { Database } from "../../platform/database.ts";

const monthsAhead = 3;

/** The months that usage events can be written to. */
export class PartitionsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Makes the partitions of this month and the next three, where they are missing. */
  async ensure(): Promise<void> {
    await this.#database.systemSql({ text: "select ensure_usage_partitions($1)", values: [monthsAhead] });
  }
}
