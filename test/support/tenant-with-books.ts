import { randomBytes } from "node:crypto";
import type { BillingHouse } from "./billing-house.ts";
import type { TestGateway, TestTenant } from "./gateway.ts";

export interface BooksOfTenant {
  tenant: TestTenant;
  invoiceNumber: string;
  /** On how many days of October something was used. */
  octoberDays: number;
  /** Somebody of the tenant's, with a password of their own. */
  member(role: "FINANCE" | "DEVELOPER"): Promise<{ email: string; password: string }>;
}

// 10,000 included, 100,000 in the first tier and 13,457 in the second, as in docs/billing.md.
const october = [
  ["2026-10-11", 20_000n],
  ["2026-10-12", 31_400n],
  ["2026-10-13", 9_057n],
  ["2026-10-19", 24_000n],
  ["2026-10-23", 18_500n],
  ["2026-10-30", 20_500n],
] as const;

/**
 * A tenant that the gateway has had since October, on a plan of its own: October is invoiced, by the example of
 * docs/billing.md, and November runs.
 */
export async function tenantWithBooks(gateway: TestGateway, house: BillingHouse, name: string): Promise<BooksOfTenant> {
  const tenant = await gateway.createTenant(name);
  const planVersionId = await house.createPlan({
    name: name.toLowerCase(),
    currency: "EUR",
    fee: 49_000_000n,
    prices: [
      {
        scheme: "GRADUATED",
        included: 10_000n,
        tiers: [
          { upTo: 100_000n, unitPriceMicros: 1_000n, flatMicros: 0n },
          { upTo: undefined, unitPriceMicros: 555n, flatMicros: 0n },
        ],
      },
      { meter: "explanations", unitPriceMicros: 2_000n },
    ],
  });
  await house.sql(
    "update tenants set created_at = '2026-10-11T15:00Z', currency = 'EUR', tax_rate_ppm = 190000 where id = $1",
    [tenant.id],
  );
  await house.sql("delete from subscriptions where tenant_id = $1", [tenant.id]);
  await house.subscribe(tenant.id, planVersionId, "2026-10-11T15:00:00Z");
  await house.grant(tenant.id, 20_000_000n);
  for (const [day, quantity] of october)
    await house.use(tenant.id, { planVersionId, quantity, at: `${day}T16:00:00Z` });
  const { number } = await house.service.issue({
    tenantId: tenant.id,
    wanted: undefined,
    actorId: "usr_operator",
    requestId: undefined,
  });
  await house.use(tenant.id, { planVersionId, quantity: 34_210n, at: "2026-11-03T10:00:00Z" });
  await house.use(tenant.id, { planVersionId, quantity: 1_250n, meter: "explanations", at: "2026-11-04T10:00:00Z" });
  await house.grant(tenant.id, 75_000_000n, { expiresAt: new Date("2027-06-30T00:00:00Z") });
  return {
    tenant,
    invoiceNumber: number,
    octoberDays: october.length,
    async member(role) {
      const person = {
        email: `${randomBytes(6).toString("hex")}@${name.toLowerCase()}.example`,
        password: "a long password",
      };
      const invited = await tenant.owner.ask(
        "mutation($input: InviteMemberInput!) { inviteMember(input: $input) { token } }",
        { input: { email: person.email, role } },
      );
      await gateway.client().ask("mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) }", {
        input: { token: invited.data.inviteMember.token, password: person.password },
      });
      return person;
    },
  };
}
