import { Arg, Authorized, Ctx, ID, Mutation, Query, Resolver } from "type-graphql";
import { actorId } from "../../core/principal.ts";
import { principalOf, type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { BillingDetailsService } from "./billing-details.service.ts";
import { BillingDetailsType, SetBillingDetailsInput, SetBillingTermsInput } from "./billing-details.types.ts";
import { tenantAskedFor } from "./scope.ts";

@Resolver(() => BillingDetailsType)
export class BillingDetailsResolver {
  readonly #service: BillingDetailsService;

  constructor(service: BillingDetailsService) {
    this.#service = service;
  }

  @Authorized("invoices:read")
  @Query(() => BillingDetailsType, { description: "To whom the tenant's invoices are addressed." })
  async billingDetails(
    @Ctx() context: RequestContext,
    @Arg("tenantId", () => ID, { nullable: true, description: "The tenant; needed of operators only." })
    tenantId: string | null,
  ): Promise<BillingDetailsType> {
    return await this.#service.find(tenantAskedFor(principalOf(context), tenantId));
  }

  @Authorized("billing:write")
  @Mutation(() => BillingDetailsType, {
    description: "Sets to whom the tenant's invoices are addressed, from the next one on.",
  })
  async setBillingDetails(
    @Ctx() context: RequestContext,
    @Arg("input", () => SetBillingDetailsInput, { description: "Name, address and tax number." })
    input: SetBillingDetailsInput,
  ): Promise<BillingDetailsType> {
    const principal = tenantPrincipalOf(context);
    const { name, address, taxId, email } = input;
    return await this.#service.set(
      { name, address, taxId, email },
      { tenantId: principal.tenantId, actorId: actorId(principal), requestId: context.requestId },
    );
  }

  @Authorized("invoices:write")
  @Mutation(() => BillingDetailsType, {
    description: "Sets a tenant's tax rate and the day its periods start on. For operators.",
  })
  async setBillingTerms(
    @Ctx() context: RequestContext,
    @Arg("input", () => SetBillingTermsInput, { description: "Which tenant, and what to set." })
    input: SetBillingTermsInput,
  ): Promise<BillingDetailsType> {
    return await this.#service.setTerms(
      { taxRatePpm: input.taxRatePpm ?? undefined, anchorDay: input.anchorDay ?? undefined },
      { tenantId: input.tenantId, actorId: actorId(principalOf(context)), requestId: context.requestId },
    );
  }
}
