import type { Keys, People, Webhooks } from "./assembly.ts";
import type { AuditStore } from "./domains/audit/audit.store.ts";
import type { JobsDomain } from "./domains/jobs/jobs-domain.ts";
import type { Catalogue } from "./domains/models/catalogue.ts";
import { toAliasType, toModelType, toVersionType } from "./domains/models/models.types.ts";
import type { PlanStore } from "./domains/plans/plan.store.ts";
import { toDeliveryType } from "./domains/webhooks/webhooks.resolver.ts";
import type { NodeLoader } from "./edge/graphql/node.resolver.ts";

/** How each kind of thing is looked up for `node(id)`, by the prefix of its id. */
export function nodeLoaders(parts: {
  people: People;
  keys: Keys;
  audit: AuditStore;
  plans: PlanStore;
  catalogue: Catalogue;
  jobs: JobsDomain;
  webhooks: Webhooks;
}): Map<string, NodeLoader> {
  const { people, keys, audit, plans, catalogue, jobs, webhooks } = parts;
  const own = <T>(find: (tenantId: string, id: string) => Promise<T | undefined>): NodeLoader["find"] => {
    return async (id, principal) =>
      principal.kind === "OPERATOR" ? undefined : ((await find(principal.tenantId, id)) ?? undefined);
  };
  return new Map<string, NodeLoader>([
    [
      "ten",
      {
        permission: "tenant:read",
        find: own(async (tenantId, id) => (id === tenantId ? await people.tenants.find(id) : undefined)),
      },
    ],
    ["key", { permission: "keys:read", find: own((tenantId, id) => keys.store.find(tenantId, id)) }],
    ["aud", { permission: "audit:read", find: own((tenantId, id) => audit.findOfTenant(tenantId, id)) }],
    ["job", { permission: "jobs:read", find: own((tenantId, id) => jobs.shownById(tenantId, id)) }],
    ["dts", { permission: "jobs:read", find: own((tenantId, id) => jobs.datasetById(tenantId, id)) }],
    ["whe", { permission: "webhooks:read", find: own((tenantId, id) => webhooks.endpoints.find(tenantId, id)) }],
    [
      "whd",
      {
        permission: "webhooks:read",
        find: own(async (tenantId, id) => maybe(await webhooks.deliveries.find(tenantId, id), toDeliveryType)),
      },
    ],
    ["pln", { permission: "plans:read", find: (id) => plans.find(id) }],
    [
      "mod",
      { permission: "models:read", find: (id) => maybe(catalogue.byId(id), (model) => toModelType(catalogue, model)) },
    ],
    [
      "mdv",
      {
        permission: "models:read",
        find: (id) => maybe(catalogue.versionById(id), ({ version }) => toVersionType(catalogue, version)),
      },
    ],
    [
      "als",
      {
        permission: "models:read",
        find: (id) => maybe(catalogue.aliasById(id), ({ model, alias }) => toAliasType(catalogue, model, alias)),
      },
    ],
  ]);
}

function maybe<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
}
