import { Arg, Authorized, Ctx, Int, Mutation, Resolver } from "type-graphql";
import { personOf, type RequestContext } from "../../core/request-context.ts";
import type { AccountService } from "./account.service.ts";
import { ChangePasswordInputType, SwitchTenantInputType } from "./account.types.ts";
import type { SignedIn, SignInService } from "./sign-in.service.ts";
import { SignedInType } from "./sign-in.types.ts";

@Resolver()
export class AccountResolver {
  readonly #service: AccountService;
  readonly #signIn: SignInService;

  constructor(service: AccountService, signIn: SignInService) {
    this.#service = service;
    this.#signIn = signIn;
  }

  @Authorized()
  @Mutation(() => Int, {
    description: "Ends every sign-in of the person who asks, this one too, and tells how many there were.",
  })
  async signOutEverywhere(@Ctx() context: RequestContext): Promise<number> {
    return await this.#service.signOutEverywhere(personOf(context), context.requestId);
  }

  @Authorized()
  @Mutation(() => Boolean, {
    description: "Changes the password of the person who asks, and ends all their other sign-ins.",
  })
  async changePassword(
    @Ctx() context: RequestContext,
    @Arg("input", () => ChangePasswordInputType, { description: "The old and the new." })
    { currentPassword, newPassword }: ChangePasswordInputType,
  ): Promise<boolean> {
    const { clientAddress, requestId } = context;
    const change = { currentPassword, newPassword, clientAddress, requestId };
    await this.#service.changePassword(personOf(context), change);
    return true;
  }

  @Authorized()
  @Mutation(() => SignedInType, {
    description: "Signs the person in to another of their places, and ends the sign-in that they ask with.",
  })
  async switchTenant(
    @Ctx() context: RequestContext,
    @Arg("input", () => SwitchTenantInputType, { description: "Where to." }) { tenantId }: SwitchTenantInputType,
  ): Promise<SignedIn> {
    return await this.#signIn.switchTenant(personOf(context), tenantId ?? undefined, context.requestId);
  }
}
