import { Arg, Authorized, Ctx, Mutation, Resolver } from "type-graphql";
import { personOf, type RequestContext } from "../../core/request-context.ts";
import type { SignedIn, SignInService } from "./sign-in.service.ts";
import { RefreshAccessTokenInputType, SignedInType, SignInInputType } from "./sign-in.types.ts";

@Resolver()
export class SignInResolver {
  readonly #service: SignInService;

  constructor(service: SignInService) {
    this.#service = service;
  }

  @Mutation(() => SignedInType, { description: "Signs a person in." })
  async signIn(
    @Ctx() { clientAddress, requestId }: RequestContext,
    @Arg("input", () => SignInInputType, { description: "Who signs in." }) input: SignInInputType,
  ): Promise<SignedIn> {
    const { email, password, tenantId } = input;
    return await this.#service.signIn({ email, password, tenantId: tenantId ?? undefined, clientAddress, requestId });
  }

  @Mutation(() => SignedInType, { description: "Gets a new access token, and a new refresh token for the one used." })
  async refreshAccessToken(
    @Ctx() { requestId }: RequestContext,
    @Arg("input", () => RefreshAccessTokenInputType, { description: "The refresh token." })
    { refreshToken }: RefreshAccessTokenInputType,
  ): Promise<SignedIn> {
    return await this.#service.refresh({ refreshToken, requestId });
  }

  @Authorized()
  @Mutation(() => Boolean, { description: "Ends the sign-in: its tokens are refused everywhere within a second." })
  async signOut(@Ctx() context: RequestContext): Promise<boolean> {
    await this.#service.signOut(personOf(context), context.requestId);
    return true;
  }
}
