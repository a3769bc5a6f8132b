import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import type { DestinationStream } from "pino";
import { inject } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { apiKeyPermissions } from "../../src/core/permission.ts";
import { readConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createTestDatabase } from "./database.ts";
import { type Answer, GraphqlClient } from "./graphql-client.ts";

/** A whole gateway in this process, with real runners, on a database of its own. */
export type TestGateway = Awaited<ReturnType<typeof startTestGateway>>;

export async function startTestGateway(
  environment: Record<string, string> = {},
  options: { log?: DestinationStream; through?: (databaseUrl: string) => Promise<string> } = {},
) {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(inject("scratchDirectory"), "gateway-"));
  const config = readConfig({ PORT: "0", DATA_DIR: dataDir, RUNNERS: "1", LOG_LEVEL: "silent", ...environment });
  const databaseUrl = (await options.through?.(database.url)) ?? database.url;
  const start = async () => await startApp({ config, logger: createLogger(config.logLevel, options.log), databaseUrl });
  const apps: App[] = [await start()];
  const [app] = apps;
  await app?.ready;
  if (app === undefined) throw new Error("The gateway did not start.");
  const client = (credential?: string, of: App = app) => new GraphqlClient(of.url, credential);

  return {
    app,
    url: app.url,
    dataDir,
    databaseUrl: database.url,
    client,
    sql: async (text: string, values: unknown[] = []) =>
      await withStartConnection(database.url, async (connection) => (await connection.query(text, values)).rows),
    /** Another gateway on the same database, as a second replica is. */
    async addReplica(): Promise<App> {
      const replica = await this.openReplica();
      await replica.ready;
      return replica;
    },
    /** The same, as soon as its door is open: what it is to serve may still be loading. */
    async openReplica(): Promise<App> {
      const replica = await start();
      apps.push(replica);
      return replica;
    },
    /** An operator, signed in. */
    async createOperator(): Promise<GraphqlClient> {
      const email = `${randomBytes(6).toString("hex")}@operators.example`;
      const { password } = await app.people.operators.createOperator({ email });
      return await signIn(client, { email, password });
    },
    /** A tenant with its owner signed in and a key that may do all that a key may. */
    async createTenant(name = "Acme"): Promise<TestTenant> {
      const ownerEmail = `${randomBytes(6).toString("hex")}@${name.toLowerCase()}.example`;
      const made = await app.people.tenantService.createTenant({
        name,
        planName: "standard",
        ownerEmail,
        actorId: "test",
        requestId: undefined,
      });
      const password = made.ownerPassword ?? "";
      const owner = await signIn(client, { email: ownerEmail, password });
      const issued = await owner.ask(
        "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret apiKey { id } } }",
        {
          input: { name: "test", permissions: apiKeyPermissions },
        },
      );
      const { secret, apiKey } = issued.data.issueApiKey;
      return {
        id: made.tenant.id,
        ownerEmail,
        ownerPassword: password,
        owner,
        secret,
        apiKeyId: apiKey.id,
        key: client(secret),
      };
    },
    async close(): Promise<void> {
      for (const one of apps) await one.close();
      await database.drop();
    },
  };
}

export interface TestTenant {
  id: string;
  ownerEmail: string;
  ownerPassword: string;
  owner: GraphqlClient;
  secret: string;
  apiKeyId: string;
  /** Asks with the tenant's API key. */
  key: GraphqlClient;
}

async function signIn(
  client: (credential?: string) => GraphqlClient,
  person: { email: string; password: string },
): Promise<GraphqlClient> {
  const answer: Answer = await client().ask(
    "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }",
    { input: person },
  );
  return client(answer.data.signIn.accessToken);
}
