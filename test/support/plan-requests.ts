import type { GraphqlClient } from "./graphql-client.ts";
import { greySquare } from "./people.ts";

/** As many greySquare pictures to `digits`. */
export function inferGrey(
  client: GraphqlClient,
  inputs = 1,
  fields = "id usage { meter quantity amount } softLimits { id kind limit }",
): ReturnType<GraphqlClient["infer"]> {
  return client.infer({ model: "digits", inputs: Array.from({ length: inputs }, () => greySquare) }, fields);
}

export function createPlan(operator: GraphqlClient, input: object): ReturnType<GraphqlClient["ask"]> {
  return operator.ask(
    "mutation($input: CreatePlanInput!) { createPlan(input: $input) { name version flatFeeMicros limits { id kind } prices { meter scheme included tiers { upTo unitPriceMicros flatFeeMicros } } } }",
    { input },
  );
}

export const changePlan =
  "mutation($input: ChangePlanInput!) { changePlan(input: $input) { plan { name version } startsAt endsAt } }";

export function inputsAt(unitPriceMicros: string): { meter: string; unitPriceMicros: string } {
  return { meter: "inputs", unitPriceMicros };
}
