import { newId } from "../../src/core/ids.ts";
import { permissionNames } from "../../src/core/permission.ts";
import type { MemberPrincipal } from "../../src/core/principal.ts";
import { ApiKeyAuthenticator } from "../../src/domains/keys/api-key-authentication.ts";
import { CredentialStore } from "../../src/domains/keys/credential.store.ts";
import { ApiKeyService, type IssuedApiKey, type Requester } from "../../src/domains/keys/keys.service.ts";
import { ApiKeyStore } from "../../src/domains/keys/keys.store.ts";
import { LastUses } from "../../src/domains/keys/last-uses.ts";
import type { WantedApiKey } from "../../src/domains/keys/wanted-api-key.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { startNotifications } from "../../src/platform/notifications.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createTestDatabase } from "./database.ts";
import { HeldClock } from "./held-clock.ts";

/** API keys with all that is around them, on a database of its own. */
export type KeyHouse = Awaited<ReturnType<typeof openKeyHouse>>;

const logger = createLogger("silent");

export async function openKeyHouse() {
  const testDatabase = await createTestDatabase();
  const database = await openDatabase(testDatabase.url);
  const instanceId = newId("instance");
  const notifications = await startNotifications({ database, logger, instanceId });
  const clock = new HeldClock();
  const store = new ApiKeyStore(database);
  const service = new ApiKeyService({ store, clock, modelIdFor: () => undefined });
  const credentials = new CredentialStore(database);
  const lastUses = new LastUses({ record: (uses) => credentials.recordUses(uses), logger });
  const authenticator = new ApiKeyAuthenticator({ store: credentials, notifications, lastUses, clock });

  return {
    url: testDatabase.url,
    database,
    instanceId,
    notifications,
    clock,
    store,
    service,
    credentials,
    lastUses,
    authenticator,
    /** A new tenant, and somebody of it who may do everything. */
    async createOwner(): Promise<Requester & { principal: MemberPrincipal }> {
      const tenantId = newId("tenant");
      await database.systemSql({ text: "insert into tenants (id, name) values ($1, 'Acme')", values: [tenantId] });
      const principal: MemberPrincipal = {
        kind: "MEMBER",
        userId: newId("user"),
        signInId: newId("signIn"),
        tenantId,
        permissions: new Set(permissionNames),
      };
      return { principal, requestId: "req_test" };
    },
    issue: (owner: Requester, wanted: Partial<WantedApiKey> = {}): Promise<IssuedApiKey> =>
      service.issue(owner, {
        name: "ci",
        permissions: ["inferences:create"],
        expiresAt: undefined,
        allowedCidrs: [],
        ...wanted,
      }),
    authenticate: async (credential: string, clientAddress = "10.0.0.1") =>
      await authenticator.authenticate(credential, clientAddress),
    /** SQL as an operator might type it into psql. */
    asOwner: async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
      let rows: Record<string, unknown>[] = [];
      await withStartConnection(testDatabase.url, async (client) => {
        ({ rows } = await client.query(text, values));
      });
      return rows;
    },
    async close() {
      await lastUses.close();
      await notifications.close();
      await database.close();
      await testDatabase.drop();
    },
  };
}
