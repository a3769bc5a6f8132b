import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Principal } from "../../../src/core/principal.ts";
import { TenantResolver } from "../../../src/domains/tenants/tenant.resolver.ts";
import { contextOf, openPeopleSchema } from "../../support/people-schema.ts";
import { refusalOf } from "../../support/refusal.ts";
import { openSignInHouse, type SignInHouse } from "../../support/sign-in-house.ts";

let house: SignInHouse;
let people: Awaited<ReturnType<typeof openPeopleSchema>>;
let operator: Principal;

beforeAll(async () => {
  house = await openSignInHouse();
  people = await openPeopleSchema(house);
  const email = "operator@example.com";
  const { password } = await house.operators.createOperator({ email });
  operator = await people.principalAfter({ email, password });
});

afterAll(async () => {
  await house.close();
});

const createTenant = `mutation ($input: CreateTenantInput!) {
  createTenant(input: $input) { tenant { id name createdAt } ownerPassword }
}`;

async function rowsNamed(name: string): Promise<number> {
  return (await house.sql("select id from tenants where name = $1", [name])).length;
}

describe("creating a tenant", () => {
  test("makes its owner, who signs in with the password shown once, on the current version of the plan", async () => {
    const input = { name: "  Møller & Søn ", ownerEmail: " Ann@Example.com" };
    const data = await people.ask(operator, createTenant, { input });
    expect(data).toEqual({
      createTenant: {
        tenant: {
          id: expect.stringMatching(/^ten_/),
          name: "Møller & Søn",
          createdAt: house.clock.now().toISOString(),
        },
        ownerPassword: expect.stringMatching(/^([0-9a-z]{6}-){3}[0-9a-z]{6}$/),
      },
    });
    const [tenant] = await house.sql("select id from tenants where name = 'Møller & Søn'");
    const password = String((data as { createTenant: { ownerPassword: string } }).createTenant.ownerPassword);
    expect(await people.principalAfter({ email: "ann@example.com", password })).toMatchObject({
      tenantId: tenant?.["id"],
    });
    expect(
      await house.sql(
        `select p.name, v.version, s.ends_at
         from subscriptions s join plan_versions v on v.id = s.plan_version_id join plans p on p.id = v.plan_id
         where s.tenant_id = $1`,
        [tenant?.["id"]],
      ),
    ).toEqual([{ name: "standard", version: 1, ends_at: null }]);
    const events = await house.sql(
      "select actor_id, details, request_id from audit_events where tenant_id = $1 and action = 'tenant.created'",
      [tenant?.["id"]],
    );
    expect(events).toEqual([
      {
        actor_id: operator.kind === "OPERATOR" && operator.userId,
        details: { name: "Møller & Søn", plan: "standard", ownerId: expect.stringMatching(/^usr_/) },
        request_id: "req_test",
      },
    ]);
  });

  test("gives an owner who is a user already a place in it, and leaves their password alone", async () => {
    const owner = await house.createOwner();
    const data = await people.ask(operator, createTenant, { input: { name: "Second place", ownerEmail: owner.email } });
    expect(data).toMatchObject({ createTenant: { ownerPassword: null } });
    await people.principalAfter(owner);
    expect(await house.tenantStore.membershipsOf(owner.userId)).toHaveLength(2);
  });

  test("makes one user of one email, however many tenants are made for it at once", async () => {
    const ownerEmail = "busy@example.com";
    const request = { name: "At once", planName: "standard", ownerEmail, actorId: "test", requestId: undefined };
    const made = await Promise.all(Array.from({ length: 10 }, () => house.tenants.createTenant(request)));
    const passwords = made.flatMap(({ ownerPassword }) => ownerPassword ?? []);
    expect(passwords).toHaveLength(1);
    const user = await house.users.findByEmail(ownerEmail);
    expect(await house.tenantStore.membershipsOf(user?.id ?? "")).toHaveLength(10);
    for (const password of passwords) await house.signIn({ email: ownerEmail, password });
  });

  const impossible: [string, object][] = [
    ["no name", { name: "   " }],
    ["a name that is too long", { name: "x".repeat(101) }],
    ["a name with a control character", { name: "a\u0000b" }],
    ["no email", { ownerEmail: "ann" }],
    ["a plan that is not on offer", { plan: "golden" }],
  ];
  test.each(impossible)("INVALID_INPUT for %s, and nothing is written", async (_, wrong) => {
    const count = () => house.sql("select (select count(*) from tenants) as t, (select count(*) from users) as u");
    const before = await count();
    const input = { name: "Refused", ownerEmail: "refused@example.com", ...wrong };
    expect((await people.refusal(operator, createTenant, { input })).code).toBe("INVALID_INPUT");
    expect(await count()).toEqual(before);
  });

  test("CONFLICT for an owner who is disabled, and nothing is written", async () => {
    const owner = await house.createOwner();
    await house.sql("update users set disabled_at = now() where id = $1", [owner.userId]);
    const input = { name: "Of the disabled", ownerEmail: owner.email };
    expect((await people.refusal(operator, createTenant, { input })).code).toBe("CONFLICT");
    expect(await rowsNamed("Of the disabled")).toBe(0);
  });

  test("is for operators: UNAUTHENTICATED for nobody and FORBIDDEN for a member, and nothing is written", async () => {
    const owner = await people.principalAfter(await house.createOwner());
    const input = { name: "Forbidden", ownerEmail: "ann@example.com" };
    expect((await people.refusal(undefined, createTenant, { input })).code).toBe("UNAUTHENTICATED");
    expect((await people.refusal(owner, createTenant, { input })).code).toBe("FORBIDDEN");
    expect(await rowsNamed("Forbidden")).toBe(0);
  });
});

describe("seeing tenants", () => {
  test("a member sees their own and its members, page by page", async () => {
    const owner = await house.createOwner("Seen");
    const other = await house.createOwner("Unseen");
    await house.sql("insert into members (tenant_id, user_id, role) values ($1, $2, 'FINANCE')", [
      owner.tenantId,
      other.userId,
    ]);
    const source = `query ($after: String) {
      tenant { id name members(first: 1, after: $after) {
        nodes { user { id email } role } pageInfo { hasNextPage endCursor } } }
    }`;
    const me = await people.principalAfter(owner);
    const page = (node: object, hasNextPage: boolean) => ({
      tenant: {
        id: owner.tenantId,
        name: "Seen",
        members: { nodes: [node], pageInfo: { hasNextPage, endCursor: expect.any(String) } },
      },
    });
    const nodes = [
      { user: { id: owner.userId, email: owner.email }, role: "OWNER" },
      { user: { id: other.userId, email: other.email }, role: "FINANCE" },
    ].sort((a, b) => (a.user.id < b.user.id ? -1 : 1));
    const first = await people.ask(me, source);
    expect(first).toEqual(page(nodes[0] ?? {}, true));
    const after = (first as { tenant: { members: { pageInfo: { endCursor: string } } } }).tenant.members.pageInfo;
    expect(await people.ask(me, source, { after: after.endCursor })).toEqual(page(nodes[1] ?? {}, false));
  });

  test("a member sees no other: behind the wall it does not exist", async () => {
    const [owner, other] = [await house.createOwner(), await house.createOwner()];
    const seen = await house.database.forTenant(owner.tenantId, (prisma) =>
      Promise.all([prisma.tenant.findMany(), prisma.member.findMany(), prisma.subscription.findMany()]),
    );
    expect(seen.map((rows) => rows.length)).toEqual([1, 1, 1]);
    expect((await people.refusal(await people.principalAfter(owner), "{ tenants { nodes { id } } }")).code).toBe(
      "FORBIDDEN",
    );

    const resolver = new TenantResolver(house.tenants, house.tenantStore);
    const context = contextOf(await people.principalAfter(owner));
    const root = { id: other.tenantId, name: "Other", currency: "USD", createdAt: new Date() };
    const members = resolver.members(root, context, { first: 20, after: null });
    expect((await refusalOf(members)).code).toBe("NOT_FOUND");
  });

  test("the tenant's own role reaches neither users nor sign-ins, nor can it make a tenant", async () => {
    const { tenantId } = await house.createOwner();
    for (const text of [
      "select * from users",
      "select * from sign_ins",
      "select * from refresh_tokens",
      "select * from sign_in_attempts",
      "insert into tenants (id, name) values ('ten_x', 'x')",
      "update members set tenant_id = 'ten_x'",
      "update members set user_id = 'usr_x'",
    ])
      await expect(house.database.tenantSql(tenantId, { text })).rejects.toThrow(/permission denied/);
  });

  test("an operator sees all, newest first and page by page, and into none", async () => {
    const made = [await house.createOwner("Older"), await house.createOwner("Newer")];
    const source = `query ($after: String) {
      tenants(first: 1, after: $after) { nodes { id name } pageInfo { hasNextPage endCursor } }
    }`;
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const data = await people.ask(operator, source, { after });
      const { tenants } = data as {
        tenants: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      };
      seen.push(...tenants.nodes.map(({ id }) => id));
      after = tenants.pageInfo.hasNextPage ? tenants.pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(seen).toEqual(expect.arrayContaining(made.map(({ tenantId }) => tenantId)));

    expect((await people.refusal(operator, "{ tenant { id } }")).code).toBe("FORBIDDEN");
    expect(
      (await people.refusal(operator, "{ tenants(first: 1) { nodes { members { nodes { role } } } } }")).code,
    ).toBe("FORBIDDEN");
    expect((await people.refusal(operator, "{ tenants(first: 0) { nodes { id } } }")).code).toBe("INVALID_INPUT");
    expect((await people.refusal(operator, `{ tenants(after: "bm9uc2Vuc2U") { nodes { id } } }`)).code).toBe(
      "INVALID_INPUT",
    );
  });
});
