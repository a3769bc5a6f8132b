import { useQuery } from "urql";
import { graphql } from "../graphql/generated/gql.ts";
import { useMay } from "./who.tsx";

const CurrencyDocument = graphql(`
  query Currency($seesPlans: Boolean!) {
    tenant {
      id
      subscriptions @include(if: $seesPlans) {
        id
        startsAt
        endsAt
        plan {
          id
          currency
        }
      }
    }
  }
`);

/** What the tenant's amounts are in; read once. Undefined for who may not see its plan: amounts stand without it. */
export function useCurrency(): string | undefined {
  const [{ data }] = useQuery({ query: CurrencyDocument, variables: { seesPlans: useMay("plans:read") } });
  const now = new Date();
  return data?.tenant.subscriptions?.find(
    ({ startsAt, endsAt }) => new Date(startsAt) <= now && (endsAt === null || new Date(endsAt) > now),
  )?.plan.currency;
}
