import pg from "pg";
import type { Closer } from "../closers.ts";

/** Times what one commit costs on the gateway's Postgres: an insert of one row, through the same client. */
export interface CommitTimer {
  p50Ms(): Promise<number>;
}

const commits = 200;

/** @param urlOf the owner's connection string to a database; the rows go into one of their own. */
export async function startCommitTimer(urlOf: (database: string) => string, closers: Closer[]): Promise<CommitTimer> {
  const owner = new pg.Client({ connectionString: urlOf("tollgate") });
  await owner.connect();
  await owner.query("create database bench");
  await owner.end();
  const client = new pg.Client({ connectionString: urlOf("bench") });
  await client.connect();
  closers.push(() => client.end());
  await client.query(
    "create table commits (id bigint generated always as identity primary key, at timestamptz not null)",
  );
  const insert = { name: "insert", text: "insert into commits (at) values ($1)" };
  return {
    p50Ms: async () => {
      const took: number[] = [];
      for (let i = 0; i < commits; i++) {
        const startedAt = performance.now();
        await client.query({ ...insert, values: [new Date()] });
        took.push(performance.now() - startedAt);
      }
      return took.sort((a, b) => a - b)[commits / 2] ?? 0;
    },
  };
}
