import { useQuery } from "urql";
import { graphql } from "../graphql/generated/gql.ts";

const CurrencyDocument = graphql(`
  query Currency {
    tenant {
      id
      currency
    }
  }
`);

/** What the tenant's amounts are in; read once. Undefined until it is there. */
export function useCurrency(): string | undefined {
  const [{ data }] = useQuery({ query: CurrencyDocument });
  return data?.tenant.currency;
}
