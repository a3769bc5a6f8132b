import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { newId } from "../../src/core/ids.ts";
import { TenantService } from "../../src/domains/tenants/tenant.service.ts";
import { TenantStore } from "../../src/domains/tenants/tenant.store.ts";
import { AccessTokens } from "../../src/domains/users/access-token.ts";
import { AccessTokenAuthentication } from "../../src/domains/users/access-token-authentication.ts";
import { OperatorsService } from "../../src/domains/users/operators.service.ts";
import { Passwords } from "../../src/domains/users/passwords.ts";
import { SignInService } from "../../src/domains/users/sign-in.service.ts";
import { SignInStore } from "../../src/domains/users/sign-in.store.ts";
import { SignInAttemptsStore } from "../../src/domains/users/sign-in-attempts.store.ts";
import { SigningKeys } from "../../src/domains/users/signing-keys.ts";
import { UserStore } from "../../src/domains/users/user.store.ts";
import { openDatabase } from "../../src/platform/database.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { type Notifications, startNotifications } from "../../src/platform/notifications.ts";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createTestDatabase } from "./database.ts";
import { HeldClock } from "./held-clock.ts";

/** Everything that people sign in with, on a database of its own. */
export type SignInHouse = Awaited<ReturnType<typeof openSignInHouse>>;

const logger = createLogger("silent");

export async function openSignInHouse() {
  const testDatabase = await createTestDatabase();
  const keysFolder = await mkdtemp(path.join(inject("scratchDirectory"), "signing-keys-"));
  const clock = new HeldClock();
  const replicas: Replica[] = [];
  const addReplica = async (options: ReplicaOptions = {}): Promise<Replica> => {
    const replica = await openReplica({ url: testDatabase.url, keysFolder, clock, ...options });
    replicas.push(replica);
    return replica;
  };
  const first = await addReplica();

  return {
    ...first,
    clock,
    keysFolder,
    addReplica,
    /** A tenant with an owner who is new. */
    async createOwner(name = "Acme") {
      const email = `${randomBytes(6).toString("hex")}@example.com`;
      const made = await first.tenants.createTenant({
        name,
        planName: "standard",
        ownerEmail: email,
        actorId: "test",
        requestId: undefined,
      });
      const user = await first.users.findByEmail(email);
      if (user === undefined || made.ownerPassword === undefined) throw new Error("The owner was not made.");
      return { userId: user.id, email, password: made.ownerPassword, tenantId: made.tenant.id };
    },
    sql: async (text: string, values: unknown[] = []) => await first.database.systemSql({ text, values }),
    /** SQL as nobody in the product may run it, such as the loss of a place. */
    asOwner: async (text: string, values: unknown[] = []): Promise<void> => {
      await withStartConnection(testDatabase.url, (client) => client.query(text, values));
    },
    async close() {
      for (const replica of replicas) await replica.close();
      await testDatabase.drop();
      await rm(keysFolder, { recursive: true });
    },
  };
}

interface ReplicaOptions {
  passwords?: Passwords;
  notifications?: Notifications;
}

export type Replica = Awaited<ReturnType<typeof openReplica>>;

async function openReplica(options: ReplicaOptions & { url: string; keysFolder: string; clock: HeldClock }) {
  const { clock } = options;
  const database = await openDatabase(options.url);
  const instanceId = newId("instance");
  const notifications = options.notifications ?? (await startNotifications({ database, logger, instanceId }));
  const keys = await SigningKeys.open({ folder: options.keysFolder, clock, logger });
  const accessTokens = new AccessTokens(keys, clock);
  // As cheap as argon2 allows: what is tested here is not its cost.
  const passwords = options.passwords ?? new Passwords({ cost: { memoryKib: 8, passes: 1 } });
  const users = new UserStore(database);
  const signIns = new SignInStore(database);
  const tenantStore = new TenantStore(database);
  const membershipsOf = (userId: string) => tenantStore.membershipsOf(userId);
  const attempts = new SignInAttemptsStore(database, clock);
  const service = new SignInService({ users, signIns, attempts, passwords, accessTokens, membershipsOf, clock });
  const authentication = new AccessTokenAuthentication({
    accessTokens,
    signIns,
    users,
    membershipsOf,
    notifications,
    clock,
  });
  return {
    database,
    notifications,
    users,
    tenantStore,
    attempts,
    accessTokens,
    service,
    authentication,
    tenants: new TenantService(tenantStore, passwords, clock),
    operators: new OperatorsService(users, passwords),
    /** Signs in from an address that nobody else uses, unless one is given. */
    signIn: (request: { email: string; password: string; tenantId?: string; clientAddress?: string }) =>
      service.signIn({ clientAddress: newAddress(), requestId: "req_test", tenantId: undefined, ...request }),
    refresh: (refreshToken: string) => service.refresh({ refreshToken, requestId: "req_test" }),
    async close() {
      await notifications.close();
      await database.close();
    },
  };
}

/** Hears of no change, and does not know it: what is remembered stays. */
export const deafAndUnaware: Notifications = { isCurrent: () => true, subscribe: () => {}, close: async () => {} };

function newAddress(): string {
  return `10.${[...randomBytes(3)].join(".")}`;
}
