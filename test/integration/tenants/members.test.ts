import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { signInAt } from "../../support/people.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});

afterAll(async () => {
  await gateway.close();
});

const invite = `mutation($input: InviteMemberInput!) { inviteMember(input: $input) { token invitation { id email } } }`;
const accept = `mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) }`;
const changeRole = `mutation($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) }`;
const remove = `mutation($input: RemoveMemberInput!) { removeMember(input: $input) }`;

const newEmail = () => `${randomBytes(6).toString("hex")}@people.example`;
const password = "a long enough password";

async function joined(tenant: TestTenant, role: string): Promise<{ client: GraphqlClient; userId: string }> {
  const email = newEmail();
  const { token } = (await tenant.owner.ask(invite, { input: { email, role } })).data.inviteMember;
  await gateway.client().ask(accept, { input: { token, password } });
  const { client } = await signInAt(gateway.url, { email, password });
  return { client, userId: (await client.ask("{ me { id } }")).data.me.id };
}

const rolesOf = async (tenant: TestTenant) =>
  (await gateway.sql("select role from members where tenant_id = $1 order by role", [tenant.id])).map(
    ({ role }) => role,
  );

describe("an invitation", () => {
  test("makes whoever holds it a member, once, with the password that they choose", async () => {
    const tenant = await gateway.createTenant();
    const email = newEmail();
    const { token, invitation } = (await tenant.owner.ask(invite, { input: { email, role: "DEVELOPER" } })).data
      .inviteMember;
    expect((await gateway.client().ask(accept, { input: { token, password } })).data.acceptInvitation).toBe(email);
    const { client } = await signInAt(gateway.url, { email, password });
    expect((await client.ask("{ tenant { id } }")).data.tenant.id).toBe(tenant.id);
    const again = await gateway.client().refusal(accept, { input: { token, password } });
    expect(again.extensions.code).toBe("NOT_FOUND");
    expect(JSON.stringify(await gateway.sql("select * from audit_events"))).not.toContain(token);
    expect(invitation.email).toBe(email);
  });

  test("of somebody who is a user already needs their password too", async () => {
    const [one, other] = [await gateway.createTenant(), await gateway.createTenant()];
    const email = one.ownerEmail;
    const { token } = (await other.owner.ask(invite, { input: { email, role: "ADMIN" } })).data.inviteMember;
    const wrong = await gateway.client().refusal(accept, { input: { token, password } });
    expect(wrong.extensions.code).toBe("UNAUTHENTICATED");
    await gateway.client().ask(accept, { input: { token, password: one.ownerPassword } });
    const { memberships } = (await one.owner.ask("{ me { memberships { tenantId role } } }")).data.me;
    expect(memberships).toEqual([
      { tenantId: one.id, role: "OWNER" },
      { tenantId: other.id, role: "ADMIN" },
    ]);
  });

  test("that ten accept at once makes one member", async () => {
    const tenant = await gateway.createTenant();
    const { token } = (await tenant.owner.ask(invite, { input: { email: newEmail(), role: "FINANCE" } })).data
      .inviteMember;
    const input = { token, password };
    await Promise.all(Array.from({ length: 10 }, () => gateway.client().send(accept, { input })));
    expect(await rolesOf(tenant)).toEqual(["FINANCE", "OWNER"]);
  });

  test("is the one that works, of ten of one address that are made at once", async () => {
    const tenant = await gateway.createTenant();
    const input = { email: newEmail(), role: "FINANCE" };
    const made = await Promise.all(Array.from({ length: 10 }, () => tenant.owner.ask(invite, { input })));
    const accepted = [];
    for (const { data } of made) {
      const { errors } = await gateway.client().send(accept, { input: { token: data.inviteMember.token, password } });
      accepted.push(errors[0]?.extensions.code ?? "ACCEPTED");
    }
    expect(accepted.toSorted()).toEqual(["ACCEPTED", ...Array.from({ length: 9 }, () => "NOT_FOUND")]);
    expect(await rolesOf(tenant)).toEqual(["FINANCE", "OWNER"]);
  });

  test("is over when it was withdrawn, replaced or has expired", async () => {
    const tenant = await gateway.createTenant();
    const email = newEmail();
    const made = async () => (await tenant.owner.ask(invite, { input: { email, role: "ADMIN" } })).data.inviteMember;
    const replaced = await made();
    const withdrawn = await made();
    await tenant.owner.ask("mutation($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { id } }", {
      input: { id: withdrawn.invitation.id },
    });
    const expired = await made();
    await gateway.sql(
      "update invitations set created_at = now() - interval '9 days', expires_at = now() - interval '2 days' where id = $1",
      [expired.invitation.id],
    );
    for (const { token } of [replaced, withdrawn, expired]) {
      const refused = await gateway.client().refusal(accept, { input: { token, password } });
      expect(refused.extensions.code).toBe("NOT_FOUND");
    }
    expect(await rolesOf(tenant)).toEqual(["OWNER"]);
  });
});

describe("owners", () => {
  test("are made, changed and removed by owners alone", async () => {
    const tenant = await gateway.createTenant();
    const admin = await joined(tenant, "ADMIN");
    const ownerId = (await tenant.owner.ask("{ me { id } }")).data.me.id;
    const asked = [
      await admin.client.refusal(invite, { input: { email: newEmail(), role: "OWNER" } }),
      await admin.client.refusal(changeRole, { input: { userId: admin.userId, role: "OWNER" } }),
      await admin.client.refusal(changeRole, { input: { userId: ownerId, role: "FINANCE" } }),
      await admin.client.refusal(remove, { input: { userId: ownerId } }),
    ];
    expect(asked.map(({ extensions }) => extensions.code)).toEqual(Array.from({ length: 4 }, () => "FORBIDDEN"));
    expect(await rolesOf(tenant)).toEqual(["ADMIN", "OWNER"]);
  });

  test("who remove each other at once leave one", async () => {
    const tenant = await gateway.createTenant();
    const second = await joined(tenant, "OWNER");
    const firstId = (await tenant.owner.ask("{ me { id } }")).data.me.id;
    await Promise.all([
      tenant.owner.send(remove, { input: { userId: second.userId } }),
      second.client.send(remove, { input: { userId: firstId } }),
    ]);
    expect(await rolesOf(tenant)).toEqual(["OWNER"]);
  });

  test("cannot leave a tenant without one", async () => {
    const tenant = await gateway.createTenant();
    const userId = (await tenant.owner.ask("{ me { id } }")).data.me.id;
    expect((await tenant.owner.refusal(remove, { input: { userId } })).extensions.code).toBe("CONFLICT");
    const demoted = await tenant.owner.refusal(changeRole, { input: { userId, role: "ADMIN" } });
    expect(demoted.extensions.code).toBe("CONFLICT");
  });
});

describe("whoever leaves a tenant", () => {
  const leave = "mutation { leaveTenant }";

  test.each(["DEVELOPER", "FINANCE", "ADMIN"])(
    "as %s is out of it within a second, and nobody else is",
    async (role) => {
      const tenant = await gateway.createTenant();
      const { client, userId } = await joined(tenant, role);
      expect((await client.ask(leave)).data.leaveTenant).toBe(true);
      expect(await rolesOf(tenant)).toEqual(["OWNER"]);
      const isOut = async () =>
        (await client.send("{ tenant { id } }")).errors[0]?.extensions.code === "UNAUTHENTICATED";
      await eventually(isOut, { withinMs: 1_000, what: "whoever left to be refused" });
      const { auditEvents } = (await tenant.owner.ask("{ auditEvents { nodes { action actorId subjectId } } }")).data;
      expect(auditEvents.nodes[0]).toEqual({ action: "member.removed", actorId: userId, subjectId: userId });
    },
  );

  test("is not its last owner", async () => {
    const tenant = await gateway.createTenant();
    expect((await tenant.owner.refusal(leave)).extensions.code).toBe("CONFLICT");
    const second = await joined(tenant, "OWNER");
    await tenant.owner.ask(leave);
    expect((await second.client.refusal(leave)).extensions.code).toBe("CONFLICT");
    expect(await rolesOf(tenant)).toEqual(["OWNER"]);
  });

  test("is a person: a key cannot", async () => {
    const tenant = await gateway.createTenant();
    expect((await tenant.key.refusal(leave)).extensions.code).toBe("FORBIDDEN");
  });
});

describe("people", () => {
  test("who change their password keep this sign-in and lose all others", async () => {
    const tenant = await gateway.createTenant();
    const { client } = await signInAt(gateway.url, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    const change = "mutation($input: ChangePasswordInput!) { changePassword(input: $input) }";
    const wrong = await client.refusal(change, { input: { currentPassword: "wrong", newPassword: password } });
    expect(wrong.extensions.code).toBe("INVALID_INPUT");
    await client.ask(change, { input: { currentPassword: tenant.ownerPassword, newPassword: password } });
    await client.ask("{ me { id } }");
    const ended = await gateway.sql(
      "select s.revoked_for from sign_ins s where s.tenant_id = $1 and s.revoked_at is not null",
      [tenant.id],
    );
    expect(ended).toEqual([{ revoked_for: "PASSWORD_CHANGED" }]);
  });

  test("switch to a tenant of theirs, and to no other", async () => {
    const [one, other] = [await gateway.createTenant(), await gateway.createTenant()];
    const switchTo = "mutation($input: SwitchTenantInput!) { switchTenant(input: $input) { accessToken } }";
    const refused = await one.owner.refusal(switchTo, { input: { tenantId: other.id } });
    expect(refused.extensions.code).toBe("NOT_FOUND");
    const above = await one.owner.refusal(switchTo, { input: { tenantId: null } });
    expect(above.extensions.code).toBe("NOT_FOUND");
    await one.owner.ask("{ me { id } }");
    const { token } = (await other.owner.ask(invite, { input: { email: one.ownerEmail, role: "FINANCE" } })).data
      .inviteMember;
    await gateway.client().ask(accept, { input: { token, password: one.ownerPassword } });
    const { accessToken } = (await one.owner.ask(switchTo, { input: { tenantId: other.id } })).data.switchTenant;
    expect((await gateway.client(accessToken).ask("{ me { tenantId } }")).data.me.tenantId).toBe(other.id);
  });
});
