import { type CombinedError, useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { PointAliasInput } from "../../graphql/generated/graphql.ts";

interface Pointing {
  fetching: boolean;
  error: CombinedError | undefined;
  /** Whether it was done. */
  point: (input: PointAliasInput) => Promise<boolean>;
}

export function usePointAlias(): Pointing {
  const [{ fetching, error }, run] = useMutation(
    graphql(`
      mutation PointAlias($input: PointAliasInput!) {
        pointAlias(input: $input) {
          id
          name
          revision
          targets {
            weight
            version {
              id
              version
              state
            }
          }
        }
      }
    `),
  );
  return { fetching, error, point: async (input) => (await run({ input })).data !== undefined };
}
