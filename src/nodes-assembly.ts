import type { Keys, People } from "./assembly.ts";
import type { AuditStore } from "./domains/audit/audit.store.ts";
import type { JobsDomain } from "./domains/jobs/jobs-domain.ts";
import type { Catalogue } from "./domains/models/catalogue.ts";
import type { Model } from "./domains/models/model.ts";
import { toAliasType, toModelType, toVersionType } from "./domains/models/models.types.ts";
import { isVisible, viewerOf } from "./domains/models/visibility.ts";
import type { PlanStore } from "./domains/plans/plan.store.ts";
import { toDeliveryType } from "./domains/webhooks/webhooks.resolver.ts";
import type { NodeLoader } from "./edge/graphql/node.resolver.ts";
import type { Webhooks } from "./webhooks-assembly.ts";

export function nodeLoaders(parts: {
  people: People;
  keys: Keys;
  audit: AuditStore;
  plans: PlanStore;
  catalogue: Catalogue;
  webhooks: Webhooks;
  jobs: JobsDomain;
  /** Of domains that are put together elsewhere. */
  others: readonly [string, NodeLoader][];
}): Map<string, NodeLoader> {
  const { people, keys, audit, plans, catalogue, webhooks, jobs, others } = parts;
  const own = <T>(find: (tenantId: string, id: string) => Promise<T | undefined>): NodeLoader["find"] => {
    return async (id, principal) =>
      principal.kind === "OPERATOR" ? undefined : ((await find(principal.tenantId, id)) ?? undefined);
  };
  const seen = (find: (id: string) => [Model, object] | undefined): NodeLoader => ({
    permission: "models:read",
    find: (id, principal) => {
      const [model, node] = find(id) ?? [];
      return model !== undefined && isVisible(model, viewerOf(principal)) ? node : undefined;
    },
  });
  return new Map<string, NodeLoader>([
    ...others,
    [
      "ten",
      {
        permission: "tenant:read",
        find: own(async (tenantId, id) => (id === tenantId ? await people.tenants.find(id) : undefined)),
      },
    ],
    [
      "ivt",
      { permission: "members:write", find: own((tenantId, id) => people.invitations.findOfTenant(tenantId, id)) },
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
    ["mod", seen((id) => maybe(catalogue.byId(id), (model) => [model, toModelType(catalogue, model)]))],
    [
      "mdv",
      seen((id) =>
        maybe(catalogue.registeredById(id), ({ model, version }) => [model, toVersionType(catalogue, version)]),
      ),
    ],
    [
      "als",
      seen((id) => maybe(catalogue.aliasById(id), ({ model, alias }) => [model, toAliasType(catalogue, model, alias)])),
    ],
  ]);
}

function maybe<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
}
