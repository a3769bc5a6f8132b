/** Everything that can be allowed, as `noun:verb`. One table: what is not here cannot be granted or checked. */
export const permissions = {
  "inferences:create": "Ask models for answers.",
  "models:read": "See models, versions and aliases.",
  "usage:read": "See usage, limits and the plan.",
  "keys:read": "See API keys, never their secrets.",
  "keys:write": "Issue, rotate and revoke API keys.",
  "audit:read": "See who did what.",
  "tenant:read": "See the tenant and its members.",
  "members:write": "Invite, change and remove members.",
  "tenants:read": "See every tenant (operators).",
  "tenants:create": "Make tenants (operators).",
  "plans:read": "See the plans on offer.",
} as const;

export type Permission = keyof typeof permissions;

export const permissionNames = Object.keys(permissions) as Permission[];

export function isPermission(text: string): text is Permission {
  return Object.hasOwn(permissions, text);
}

const reading = ["models:read", "usage:read", "keys:read", "tenant:read", "plans:read"] as const satisfies Permission[];

/** What each role of a tenant's member may do. */
export const rolePermissions = {
  OWNER: [...reading, "inferences:create", "keys:write", "audit:read", "members:write"],
  ADMIN: [...reading, "inferences:create", "keys:write", "audit:read", "members:write"],
  DEVELOPER: ["models:read", "usage:read", "keys:read", "tenant:read", "inferences:create"],
  FINANCE: ["usage:read", "tenant:read", "plans:read"],
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
  "models:read",
  "audit:read",
];

/** What an API key may be granted: a machine neither manages tenants nor makes other keys. */
export const apiKeyPermissions: readonly Permission[] = ["inferences:create", "models:read", "usage:read", "keys:read"];
