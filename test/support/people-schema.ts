import { type GraphQLSchema, graphql } from "graphql";
import type { TollgateError } from "../../src/core/errors.ts";
import { newId } from "../../src/core/ids.ts";
import { apiKeyPermissions } from "../../src/core/permission.ts";
import type { ApiKeyPrincipal, Principal } from "../../src/core/principal.ts";
import { PlanResolver } from "../../src/domains/plans/plan.resolver.ts";
import { PlanService } from "../../src/domains/plans/plan.service.ts";
import { PlanStore } from "../../src/domains/plans/plan.store.ts";
import { TenantResolver } from "../../src/domains/tenants/tenant.resolver.ts";
import { PrincipalResolver } from "../../src/domains/users/principal.resolver.ts";
import { SignInResolver } from "../../src/domains/users/sign-in.resolver.ts";
import { schemaOf } from "../../src/edge/graphql/schema.ts";
import { refusalOf } from "./refusal.ts";
import type { SignInHouse } from "./sign-in-house.ts";

type Asker = Principal | undefined;

/** The part of the schema that is about people, asked without the doors before it. */
export async function openPeopleSchema(house: SignInHouse) {
  const plans = new PlanStore(house.database);
  const resolvers = [
    new PlanResolver(plans, new PlanService(plans, () => undefined)),
    new SignInResolver(house.service),
    new PrincipalResolver(house.users),
    new TenantResolver(house.tenants, house.tenantStore),
  ];
  const classes = [PlanResolver, SignInResolver, PrincipalResolver, TenantResolver];
  const schema = await schemaOf(classes, resolvers);
  const ask = (asker: Asker, source: string, variables: object = {}) => answerOf(schema, asker, { source, variables });
  return {
    ask,
    refusal: (asker: Asker, source: string, variables: object = {}): Promise<TollgateError> =>
      refusalOf(ask(asker, source, variables)),
    async principalAfter(credentials: { email: string; password: string; tenantId?: string }): Promise<Principal> {
      return await house.authentication.authenticate((await house.signIn(credentials)).accessToken);
    },
  };
}

export function contextOf(principal: Asker) {
  const abandoned = new AbortController().signal;
  return { principal, requestId: "req_test", clientAddress: "192.0.2.9", abandoned };
}

export function apiKeyOf(tenantId: string): ApiKeyPrincipal {
  return { kind: "API_KEY", apiKeyId: newId("apiKey"), tenantId, permissions: new Set(apiKeyPermissions) };
}

/** The answer's data as it goes over the wire; an error is thrown as the one that the resolver threw. */
async function answerOf(
  schema: GraphQLSchema,
  asker: Asker,
  question: { source: string; variables: object },
): Promise<unknown> {
  const { source, variables } = question;
  const answer = await graphql({ schema, source, contextValue: contextOf(asker), variableValues: { ...variables } });
  const error = answer.errors?.[0];
  if (error !== undefined) throw error.originalError ?? error;
  return JSON.parse(JSON.stringify(answer.data));
}
