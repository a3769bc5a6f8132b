import type { Sql } from "../../platform/database.ts";

/** Whether a tenant's endpoint can be told of something. Until the transaction ends, nobody deletes or disables it. */
export async function endpointState(sql: Sql, tenantId: string, id: string): Promise<"NONE" | "ENABLED" | "DISABLED"> {
  const [endpoint] = await sql({
    name: "webhook-endpoint-state",
    text: `
      select disabled_at is null as is_enabled
        from webhook_endpoints
        where tenant_id = $1 and id = $2
        for share`,
    values: [tenantId, id],
  });
  if (endpoint === undefined) return "NONE";
  return endpoint["is_enabled"] === true ? "ENABLED" : "DISABLED";
}
