import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Principal } from "../../../src/core/principal.ts";
import { PlanStore } from "../../../src/domains/plans/plan.store.ts";
import { apiKeyOf, openPeopleSchema } from "../../support/people-schema.ts";
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

describe("me", () => {
  const source = "{ me { kind id permissions tenantId apiKeyId user { id email } } }";

  test("is the member who asks", async () => {
    const owner = await house.createOwner();
    const principal = await people.principalAfter(owner);
    expect(await people.ask(principal, source)).toEqual({
      me: {
        kind: "MEMBER",
        id: owner.userId,
        permissions: [...principal.permissions].sort(),
        tenantId: owner.tenantId,
        apiKeyId: null,
        user: { id: owner.userId, email: owner.email },
      },
    });
  });

  test("is the operator who asks", async () => {
    expect(await people.ask(operator, source)).toMatchObject({
      me: { kind: "OPERATOR", tenantId: null, apiKeyId: null, user: { email: "operator@example.com" } },
    });
  });

  test("is the API key that asks, and shows no user", async () => {
    const principal = apiKeyOf((await house.createOwner()).tenantId);
    expect(await people.ask(principal, source)).toMatchObject({
      me: { kind: "API_KEY", id: principal.apiKeyId, apiKeyId: principal.apiKeyId, user: null },
    });
  });

  test("UNAUTHENTICATED for nobody", async () => {
    expect((await people.refusal(undefined, source)).code).toBe("UNAUTHENTICATED");
  });
});

test("signing in, refreshing and signing out through the schema", async () => {
  const { email, password, tenantId } = await house.createOwner();
  const signedIn = await people.ask(
    undefined,
    "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken expiresAt } }",
    { input: { email, password } },
  );
  const { refreshToken } = (signedIn as { signIn: { refreshToken: string } }).signIn;
  const refreshed = await people.ask(
    undefined,
    "mutation ($input: RefreshAccessTokenInput!) { refreshAccessToken(input: $input) { accessToken expiresAt } }",
    { input: { refreshToken } },
  );
  const { accessToken } = (refreshed as { refreshAccessToken: { accessToken: string } }).refreshAccessToken;
  const principal = await house.authentication.authenticate(accessToken);
  expect(await people.ask(principal, "mutation { signOut }")).toEqual({ signOut: true });
  expect((await people.refusal(apiKeyOf(tenantId), "mutation { signOut }")).code).toBe("FORBIDDEN");
  expect((await people.refusal(undefined, "mutation { signOut }")).code).toBe("UNAUTHENTICATED");
});

test("the plans on offer are shown with their latest version, its quotas and its prices", async () => {
  const source = `{ plans { id name version currency quotas { meter quantity } prices { meter unitPriceMicros } } }`;
  const plan = {
    id: "pln_00000000000000000000000001",
    name: "standard",
    version: 1,
    currency: "USD",
    quotas: [{ meter: "inputs", quantity: 1_000_000 }],
    prices: [{ meter: "inputs", unitPriceMicros: "100" }],
  };
  expect(await people.ask(operator, source)).toEqual({ plans: [plan] });
  expect((await people.refusal(apiKeyOf("ten_x"), source)).code).toBe("FORBIDDEN");
  const store = new PlanStore(house.database);
  expect(await store.find(plan.id)).toMatchObject({ name: "standard" });
  expect(await store.find("pln_none")).toBeUndefined();

  await house.asOwner(
    "insert into plan_versions (id, plan_id, version, currency) values ('plv_2', 'pln_00000000000000000000000001', 2, 'EUR')",
  );
  const next = { ...plan, version: 2, currency: "EUR", quotas: [], prices: [] };
  expect(await people.ask(operator, source)).toEqual({ plans: [next] });
});

describe("making an operator", () => {
  test("with a password of their own, who then signs in and is audited", async () => {
    const { userId, password } = await house.operators.createOperator({
      email: "Chosen@Example.com ",
      password: "correct horse battery",
    });
    expect(password).toBe("correct horse battery");
    expect(await people.principalAfter({ email: "chosen@example.com", password })).toMatchObject({
      kind: "OPERATOR",
      userId,
    });
    expect(
      await house.sql(
        "select tenant_id, details from audit_events where action = 'operator.created' and subject_id = $1",
        [userId],
      ),
    ).toEqual([{ tenant_id: null, details: { email: "chosen@example.com" } }]);
  });

  test("CONFLICT for an email that a user has, who becomes no operator by it", async () => {
    const owner = await house.createOwner();
    expect((await refusalOf(house.operators.createOperator({ email: owner.email }))).code).toBe("CONFLICT");
    expect(await people.principalAfter(owner)).toMatchObject({ kind: "MEMBER" });
  });

  test("INVALID_INPUT for a password that is too short or too long, and it is not in the message", async () => {
    for (const password of ["hunter2", "x".repeat(257)]) {
      const error = await refusalOf(house.operators.createOperator({ email: "new@example.com", password }));
      expect(error.code).toBe("INVALID_INPUT");
      expect(error.message).not.toContain(password);
    }
    expect(await house.users.findByEmail("new@example.com")).toBeUndefined();
  });
});
