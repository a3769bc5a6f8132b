/** Everything that can be allowed, as `noun:verb`. One table: what is not here cannot be granted or checked. */
export const permissions = {
  "inferences:create": "Ask models for answers.",
  "jobs:read": "See jobs, their items and results, and datasets.",
  "jobs:write": "Submit, cancel, resume and retry jobs; upload and delete datasets.",
  "models:read": "See models, versions and aliases.",
  "models:write": "Register and retire versions, point aliases; operators: the platform's, and offer them.",
  "usage:read": "See usage, limits and the plan.",
  "keys:read": "See API keys, never their secrets.",
  "keys:write": "Issue, rotate and revoke API keys.",
  "webhooks:read": "See webhook endpoints and deliveries, never their secrets.",
  "webhooks:write": "Make, change and delete webhook endpoints, and send again.",
  "audit:read": "See who did what.",
  "tenant:read": "See the tenant and its members.",
  "members:write": "Invite, change and remove members.",
  "tenants:read": "See every tenant (operators).",
  "tenants:create": "Make tenants (operators).",
  "plans:read": "See the plans on offer.",
  "plans:write": "Make plans and their versions (operators).",
  "subscriptions:write": "Move a tenant to another plan.",
  "limits:write": "Set limits of a tenant and of its API keys.",
  "invoices:read": "See invoices and credits.",
  "invoices:write": "Issue, correct, void and settle invoices, and grant credits (operators).",
  "billing:write": "Set to whom the tenant's invoices are addressed.",
  "engine:read": "See runners, lanes, ledger drift and the models of all tenants (operators).",
} as const;

export type Permission = keyof typeof permissions;

export const permissionNames = Object.keys(permissions) as Permission[];

export function isPermission(text: string): text is Permission {
  return Object.hasOwn(permissions, text);
}

const reading = ["models:read", "usage:read", "keys:read", "tenant:read", "plans:read"] as const satisfies Permission[];

const paying = ["invoices:read", "billing:write"] as const satisfies Permission[];

const jobs = ["jobs:read", "jobs:write"] as const satisfies Permission[];

const webhooks = ["webhooks:read", "webhooks:write"] as const satisfies Permission[];

/** What each role of a tenant's member may do. */
export const rolePermissions = {
  OWNER: [
    ...reading,
    ...paying,
    ...jobs,
    ...webhooks,
    "inferences:create",
    "models:write",
    "keys:write",
    "members:write",
    "audit:read",
    "subscriptions:write",
    "limits:write",
  ],
  ADMIN: [
    ...reading,
    ...paying,
    ...jobs,
    ...webhooks,
    "inferences:create",
    "models:write",
    "keys:write",
    "members:write",
    "audit:read",
    "subscriptions:write",
    "limits:write",
  ],
  DEVELOPER: [...jobs, "models:read", "usage:read", "keys:read", "tenant:read", "inferences:create", "webhooks:read"],
  FINANCE: [...paying, "usage:read", "tenant:read", "plans:read"],
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof rolePermissions;

export const roleNames = Object.keys(rolePermissions) as Role[];

export function isRole(text: string): text is Role {
  return Object.hasOwn(rolePermissions, text);
}

/** Operators stand above tenants: they manage them, and see into none. */
export const operatorPermissions: readonly Permission[] = [
  "tenants:read",
  "tenants:create",
  "plans:read",
  "plans:write",
  "subscriptions:write",
  "limits:write",
  "models:read",
  "models:write",
  "audit:read",
  "invoices:read",
  "invoices:write",
  "engine:read",
];

/** What an API key may be granted: a machine neither manages tenants nor makes other keys. */
export const apiKeyPermissions: readonly Permission[] = [
  "inferences:create",
  "jobs:read",
  "jobs:write",
  "models:read",
  "models:write",
  "usage:read",
  "keys:read",
  "invoices:read",
];
