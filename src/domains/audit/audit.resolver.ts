import { Args, Authorized, Ctx, Query, Resolver } from "type-graphql";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { AuditStore } from "./audit.store.ts";
import { AuditEventConnectionType, AuditEventType } from "./audit.types.ts";
import type { AuditEvent } from "./audit-log.ts";

@Resolver(() => AuditEventType)
export class AuditResolver {
  readonly #store: AuditStore;

  constructor(store: AuditStore) {
    this.#store = store;
  }

  @Authorized("audit:read")
  @Query(() => AuditEventConnectionType, {
    description: "The audit log, newest first: of the principal's tenant, or for an operator of the platform itself.",
  })
  async auditEvents(
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<AuditEvent>> {
    const principal = principalOf(context);
    const page = pageRequestOf(args);
    const events =
      principal.kind === "OPERATOR"
        ? await this.#store.pageOfPlatform(page)
        : await this.#store.pageOfTenant(principal.tenantId, page);
    return toConnection(events, (event) => event);
  }
}
