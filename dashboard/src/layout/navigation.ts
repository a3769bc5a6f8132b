import type { IconName } from "../components/icons.tsx";
import type { Who } from "../session/who.tsx";

export interface NavItem {
  path: string;
  label: string;
  icon: IconName;
}

interface NavGroup {
  label: string | undefined;
  items: (NavItem & { needs: string; kind?: Who["kind"] })[];
}

const groups: NavGroup[] = [
  {
    label: undefined,
    items: [
      { path: "/", label: "Overview", icon: "overview", needs: "usage:read", kind: "MEMBER" },
      { path: "/tenants", label: "Tenants", icon: "tenants", needs: "tenants:read", kind: "OPERATOR" },
      { path: "/plans", label: "Plans", icon: "plans", needs: "plans:write", kind: "OPERATOR" },
      { path: "/invoices", label: "Invoices", icon: "billing", needs: "invoices:write", kind: "OPERATOR" },
      { path: "/playground", label: "Playground", icon: "playground", needs: "inferences:create", kind: "MEMBER" },
      { path: "/jobs", label: "Jobs", icon: "jobs", needs: "jobs:read", kind: "MEMBER" },
      { path: "/models", label: "Models", icon: "models", needs: "models:read" },
      { path: "/engine", label: "Engine", icon: "engine", needs: "engine:read", kind: "OPERATOR" },
      { path: "/keys", label: "API keys", icon: "keys", needs: "keys:read" },
    ],
  },
  {
    label: "Manage",
    items: [
      { path: "/billing", label: "Billing", icon: "billing", needs: "invoices:read", kind: "MEMBER" },
      { path: "/members", label: "Members", icon: "members", needs: "tenant:read", kind: "MEMBER" },
      { path: "/webhooks", label: "Webhooks", icon: "webhooks", needs: "webhooks:read", kind: "MEMBER" },
      { path: "/audit", label: "Audit log", icon: "audit", needs: "audit:read" },
    ],
  },
];

/** Where this person can go: what they may not see is not shown. */
export function navigationOf(who: Who): { label: string | undefined; items: NavItem[] }[] {
  return groups
    .map(({ label, items }) => ({
      label,
      items: items.filter(({ needs, kind }) => who.permissions.has(needs) && (kind === undefined || kind === who.kind)),
    }))
    .filter(({ items }) => items.length > 0);
}

/** Where they land. */
export function homeOf(who: Who): string {
  return navigationOf(who)[0]?.items[0]?.path ?? "/settings";
}
