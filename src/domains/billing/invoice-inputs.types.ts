import { GraphQLDateTime } from "graphql-scalars";
import { Field, ID, InputType } from "type-graphql";
import { MicrosScalar } from "../../platform/graphql/scalars.types.ts";

@InputType("IssueInvoiceInput", { description: "Which period of which tenant to invoice." })
export class IssueInvoiceInput {
  @Field(() => ID, { description: "The tenant." })
  tenantId: string;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: "Any moment of the period; without it, the oldest that has no invoice.",
  })
  at: Date | null;
}

@InputType("VoidInvoiceInput", { description: "Which invoice to take back as a whole, and why." })
export class VoidInvoiceInput {
  @Field(() => ID, { description: "The invoice." })
  id: string;

  @Field(() => String, { description: "Why; it stands in the books." })
  reason: string;
}

@InputType("CreditNoteLineInput", { description: "How much of a line to give back." })
export class CreditNoteLineInput {
  @Field(() => ID, { description: "The line of the invoice." })
  lineId: string;

  @Field(() => MicrosScalar, { description: "How much, before tax; not more than earlier notes left of it." })
  amount: bigint;
}

@InputType("IssueCreditNoteInput", { description: "What to give back of an invoice, and why." })
export class IssueCreditNoteInput {
  @Field(() => ID, { description: "The invoice." })
  id: string;

  @Field(() => String, { description: "Why; it stands on the credit note." })
  reason: string;

  @Field(() => [CreditNoteLineInput], {
    nullable: true,
    description: "How much of which lines; without it, all that is left of the invoice.",
  })
  lines: CreditNoteLineInput[] | null;
}

@InputType("MarkInvoicePaidInput", { description: "Which invoice was paid, when, and how it is known." })
export class MarkInvoicePaidInput {
  @Field(() => ID, { description: "The invoice or credit note." })
  id: string;

  @Field(() => GraphQLDateTime, { nullable: true, description: "When; without it, now." })
  paidAt: Date | null;

  @Field(() => String, { defaultValue: "", description: "What the payment is known by, such as a bank's reference." })
  reference: string;
}
