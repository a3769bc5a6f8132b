import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.ts";
import { NodeType } from "../../platform/graphql/node.types.ts";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";
import type { CreditBalance } from "./credits.ts";

@ObjectType("CreditGrant", {
  implements: NodeType,
  description: "Money of a tenant's that was paid, or given, ahead, and is taken off its invoices.",
  simpleResolvers: true,
})
export class CreditGrantType extends NodeType {
  @Field(() => MicrosScalar, { description: "How much was granted." })
  amount: bigint;

  @Field(() => MicrosScalar, { description: "How much of it no invoice has used yet." })
  remaining: bigint;

  @Field(() => String, { description: "Its currency, as three letters of ISO 4217." })
  currency: string;

  @Field(() => Int, { description: "Which grant is used first: the one with the lowest number, 0 to 100." })
  priority: number;

  @Field(() => GraphQLDateTime, { nullable: true, description: "Until when a period may end that uses it." })
  expiresAt: Date | null;

  @Field(() => String, { description: "Why it was granted." })
  reason: string;

  @Field(() => GraphQLDateTime, { description: "When it was granted." })
  createdAt: Date;
}

export const CreditGrantConnectionType = connectionType("CreditGrant", () => CreditGrantType);

@ObjectType("CreditBalance", { description: "What a tenant has paid ahead and not used.", simpleResolvers: true })
export class CreditBalanceType {
  @Field(() => MicrosScalar, { description: "What is left of all grants that have not expired." })
  amount: bigint;

  @Field(() => String, { description: "The tenant's currency, as three letters of ISO 4217." })
  currency: string;
}

@InputType("GrantCreditInput", { description: "Money to take off a tenant's invoices." })
export class GrantCreditInput {
  @Field(() => ID, { description: "The tenant." })
  tenantId: string;

  @Field(() => MicrosScalar, { description: "How much, whole in the currency's smallest unit." })
  amount: bigint;

  @Field(() => Int, { defaultValue: 50, description: "Which grant is used first: the lowest number, 0 to 100." })
  priority: number;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "Until when a period may end that uses it; without it, for ever.",
  })
  expiresAt: Date | null;

  @Field(() => String, { description: "Why; the tenant reads it." })
  reason: string;
}

export function toCreditGrantType(grant: CreditBalance): CreditGrantType {
  return {
    id: grant.id,
    amount: grant.amountMicros,
    remaining: grant.remainingMicros,
    currency: grant.currency,
    priority: grant.priority,
    expiresAt: grant.expiresAt ?? null,
    reason: grant.reason,
    createdAt: grant.grantedAt,
  };
}
