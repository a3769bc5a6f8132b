import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import type { Principal } from "../../../src/core/principal.ts";
import { ArtifactsStore } from "../../../src/domains/models/artifacts.store.ts";
import { Artifacts } from "../../../src/domains/models/artifacts.ts";
import type { ArtifactStore } from "../../../src/platform/artifact-store.ts";
import { type Database, openDatabase } from "../../../src/platform/database.ts";
import { openArtifactStore } from "../../../src/platform/open-artifact-store.ts";
import { withStartConnection } from "../../../src/platform/start-connection.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { digestOf } from "../../support/registry.ts";

let test_: TestDatabase;
let database: Database;
let store: ArtifactStore;
let artifacts: Artifacts;

const tenantId = newId("tenant");
const tenant: Principal = { kind: "API_KEY", tenantId, apiKeyId: "key_a", permissions: new Set(["models:write"]) };
const sql = async (text: string, values: unknown[] = []) =>
  await withStartConnection(test_.url, async (connection) => (await connection.query(text, values)).rows);
const fileOf = (text: string) => Buffer.from(text);
const streamOf = (text: string) => Readable.from([fileOf(text)], { objectMode: true });
const inDays = (days: number) => new Date(Date.now() + days * 24 * 3_600_000);

beforeAll(async () => {
  test_ = await createTestDatabase();
  database = await openDatabase(test_.url);
  const dataDir = await mkdtemp(path.join(inject("scratchDirectory"), "artifacts-"));
  store = await openArtifactStore({ address: undefined, dataDir, purpose: "models" });
  artifacts = new Artifacts({ store, book: new ArtifactsStore(database), maxBytes: 1_000, maxBytesPerTenant: 10_000 });
  await sql("insert into tenants (id, name) values ($1, 'Acme')", [tenantId]);
});

afterAll(async () => {
  await database.close();
  await test_.drop();
});

test("what a gateway kept and did not live to book is cleared away after a day, and what is booked stays", async () => {
  const { digest: booked } = await artifacts.take(tenant, streamOf("booked"), undefined);
  const orphan = digestOf(fileOf("not booked"));
  await store.put(streamOf("not booked"), { maxBytes: 1_000, expected: orphan });
  await artifacts.clear(inDays(0.9));
  expect([await store.has(booked), await store.has(orphan)]).toEqual([true, true]);
  await artifacts.clear(inDays(1.1));
  expect([await store.has(booked), await store.has(orphan)]).toEqual([true, false]);
  // Whoever was cut off sends it again.
  await artifacts.take(tenant, streamOf("not booked"), orphan);
  expect(await artifacts.find(tenant, orphan)).toEqual({ digest: orphan, bytes: 10 });
});

test("what was brought and never registered is cleared away after a day", async () => {
  const { digest } = await artifacts.take(tenant, streamOf("never registered"), undefined);
  await artifacts.clear(inDays(0));
  expect(await store.has(digest)).toBe(true);
  await sql("update artifacts set created_at = now() - interval '25 hours' where digest = $1", [digest]);
  await artifacts.clear(inDays(0));
  expect([await store.has(digest), await artifacts.find(tenant, digest)]).toEqual([false, undefined]);
});
