import { FieldResolver, Resolver, Root } from "type-graphql";
import { PrincipalType } from "../users/principal.types.ts";
import { MembershipType } from "./member.types.ts";
import type { TenantStore } from "./tenant.store.ts";

/** What a person needs to know of themselves to switch between their places. */
@Resolver(() => PrincipalType)
export class MembershipResolver {
  readonly #tenants: TenantStore;

  constructor(tenants: TenantStore) {
    this.#tenants = tenants;
  }

  @FieldResolver(() => [MembershipType], {
    description: "The tenants that the person belongs to, the one they joined first at the front; none for a machine.",
  })
  async memberships(@Root() { userId }: PrincipalType): Promise<MembershipType[]> {
    return userId === undefined ? [] : await this.#tenants.placesOf(userId);
  }
}
