import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from "type-graphql";
import { pageOf } from "../../core/page.ts";
import { actorId } from "../../core/principal.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import {
  CreditBalanceType,
  CreditGrantConnectionType,
  CreditGrantType,
  GrantCreditInput,
  toCreditGrantType,
} from "./credit.types.ts";
import type { CreditsService } from "./credits.service.ts";
import { tenantAskedFor } from "./scope.ts";

@Resolver(() => CreditGrantType)
export class CreditResolver {
  readonly #service: CreditsService;

  constructor(service: CreditsService) {
    this.#service = service;
  }

  @Authorized("invoices:read")
  @Query(() => CreditBalanceType, {
    description: "What the tenant has paid ahead and not used: worked out, not stored.",
  })
  async creditBalance(
    @Ctx() context: RequestContext,
    @Arg("tenantId", () => ID, { nullable: true, description: "The tenant; needed of operators only." })
    tenantId: string | null,
  ): Promise<CreditBalanceType> {
    const { amountMicros, currency } = await this.#service.balance(tenantAskedFor(principalOf(context), tenantId));
    return { amount: amountMicros, currency };
  }

  @Authorized("invoices:read")
  @Query(() => CreditGrantConnectionType, { description: "All that the tenant was ever granted, newest first." })
  async creditGrants(
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
    @Arg("tenantId", () => ID, { nullable: true, description: "The tenant; needed of operators only." })
    tenantId: string | null,
  ): Promise<Connection<CreditGrantType>> {
    const page = pageRequestOf(args);
    const grants = await this.#service.grantsOf(tenantAskedFor(principalOf(context), tenantId), page);
    return toConnection(pageOf(grants, page), toCreditGrantType);
  }

  @Authorized("invoices:write")
  @Mutation(() => CreditGrantType, { description: "Grants money that the tenant's invoices use up. For operators." })
  async grantCredit(
    @Ctx() context: RequestContext,
    @Arg("input", () => GrantCreditInput, { description: "How much for whom, and why." }) input: GrantCreditInput,
  ): Promise<CreditGrantType> {
    const grant = await this.#service.grant({
      tenantId: input.tenantId,
      amountMicros: input.amount,
      priority: input.priority,
      expiresAt: input.expiresAt ?? undefined,
      reason: input.reason,
      actorId: actorId(principalOf(context)),
      requestId: context.requestId,
    });
    return toCreditGrantType(grant);
  }
}
