import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/platform/embedded-postgres.ts";
import { makeRunDirectory } from "./run-directory.ts";
import { dropTestDatabases, prepareTemplate } from "./template-database.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's connection to the server of this run, in a database that holds nothing. */
    postgresUrl: string;
    /** The migrated database that each test file clones. */
    templateDatabase: string;
    /** What the names of this run's clones begin with. */
    testDatabasePrefix: string;
    /** Where tests write files; it is removed with the run, however that ends. */
    scratchDirectory: string;
  }
}

declare global {
  var tollgateTestRun: SharedRun | undefined;
}

/** Runs once in each vitest project: the first one starts the server, the last one ends it. */
export async function setup(project: TestProject): Promise<void> {
  const run = sharedRun();
  run.projects++;
  run.server ??= startServer();
  const server = await run.server;
  project.provide("postgresUrl", server.url);
  project.provide("templateDatabase", server.template);
  project.provide("testDatabasePrefix", testDatabasePrefix);
  project.provide("scratchDirectory", server.scratch);
}

export async function teardown(): Promise<void> {
  const run = sharedRun();
  run.projects--;
  if (run.projects > 0 || run.server === undefined) return;
  const server = await run.server;
  run.server = undefined;
  await server.end();
}

// Told apart by process, so that two runs can share one TEST_DATABASE_URL.
const testDatabasePrefix = `tollgate_test_${process.pid}_`;

interface TestServer {
  url: string;
  template: string;
  scratch: string;
  end(): Promise<void>;
}

interface SharedRun {
  projects: number;
  server: Promise<TestServer> | undefined;
}

/** On `globalThis`, because vitest loads this file anew for every project. */
function sharedRun(): SharedRun {
  globalThis.tollgateTestRun ??= { projects: 0, server: undefined };
  return globalThis.tollgateTestRun;
}

async function startServer(): Promise<TestServer> {
  const directory = await makeRunDirectory();
  try {
    const scratch = path.join(directory.path, "scratch");
    await mkdir(scratch, { mode: 0o711 });
    const { url, stop } = givenServer() ?? (await startOwnServer(path.join(directory.path, "data")));
    const template = await prepareTemplate(url);
    const end = async () => {
      await dropTestDatabases(url, testDatabasePrefix);
      await stop();
      await directory.remove();
    };
    return { url, template, scratch, end };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

type Server = Pick<TestServer, "url"> & { stop(): Promise<void> };

/** A server that is not ours stays, and keeps the template for the next run. */
function givenServer(): Server | undefined {
  // biome-ignore lint/style/noProcessEnv: a variable of the tests must not be one of the product's.
  const url = process.env["TEST_DATABASE_URL"];
  return url === undefined ? undefined : { url, stop: async () => {} };
}

async function startOwnServer(dataDir: string): Promise<Server> {
  const server = await startEmbeddedPostgres({ dataDir, log: () => {}, dieWithParent: true });
  return { url: server.url("postgres"), stop: server.stop };
}
