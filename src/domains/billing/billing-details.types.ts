import { Field, ID, InputType, Int, ObjectType } from "type-graphql";

@ObjectType("BillingDetails", {
  description: "To whom a tenant's invoices are addressed, and how it is billed.",
  simpleResolvers: true,
})
export class BillingDetailsType {
  @Field(() => String, { description: "The name on its invoices: the tenant's own until another is set." })
  name: string;

  @Field(() => String, { description: "The address on its invoices, in lines." })
  address: string;

  @Field(() => String, { description: "Its tax number; empty without one." })
  taxId: string;

  @Field(() => String, { description: "Where questions about invoices are sent; empty without one." })
  email: string;

  @Field(() => String, { description: "The currency that it pays in, as three letters of ISO 4217." })
  currency: string;

  @Field(() => Int, { description: "The tax on its invoices, in millionths: 190000 is 19 %." })
  taxRatePpm: number;

  @Field(() => Int, { description: "The day of the month on which its billing periods start, at 00:00 UTC." })
  anchorDay: number;
}

@InputType("SetBillingDetailsInput", { description: "To whom the tenant's next invoices are addressed." })
export class SetBillingDetailsInput {
  @Field(() => String, { description: "The name, in 1 to 200 characters." })
  name: string;

  @Field(() => String, { defaultValue: "", description: "The address, in up to 8 lines." })
  address: string;

  @Field(() => String, { defaultValue: "", description: "The tax number." })
  taxId: string;

  @Field(() => String, { defaultValue: "", description: "Where questions about invoices are to be sent." })
  email: string;
}

@InputType("SetBillingTermsInput", { description: "How a tenant is billed. What is not given stays as it is." })
export class SetBillingTermsInput {
  @Field(() => ID, { description: "The tenant." })
  tenantId: string;

  @Field(() => Int, { nullable: true, description: "The tax on its invoices, in millionths: 190000 is 19 %." })
  taxRatePpm: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The day on which its periods start, 1 to 31. It can be set until the tenant has used anything.",
  })
  anchorDay: number | null;
}
