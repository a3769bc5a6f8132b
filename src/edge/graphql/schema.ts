import type { GraphQLSchema } from "graphql";
import { printSchema, lexicographicSortSchema } from "graphql";
import { buildSchema, type NonEmptyArray } from "type-graphql";
import { authorize } from "./authorize.ts";

type ResolverClass = new (...dependencies: never[]) => object;

/** Builds the public schema from resolver objects that were made once, by hand, in app.ts. */
export async function schemaOf(resolvers: readonly object[]): Promise<GraphQLSchema> {
  const byClass = new Map(resolvers.map((resolver) => [resolver.constructor, resolver]));
  return await buildSchema({
    resolvers: [...byClass.keys()] as unknown as NonEmptyArray<ResolverClass>,
    container: { get: (type) => byClass.get(type) },
    authChecker: authorize,
    validate: false, // every rule that GraphQL's own types cannot say stands in a domain, with its own message
  });
}

/** The schema as it is committed in `schema.graphql`. */
export function printedSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
