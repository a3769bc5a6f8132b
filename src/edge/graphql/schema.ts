import type { GraphQLSchema } from "graphql";
import { lexicographicSortSchema, printSchema } from "graphql";
import { buildSchema, type NonEmptyArray, type PubSub } from "type-graphql";
import { rememberResolvers } from "../../platform/graphql/subscribe.ts";
import { authorize } from "./authorize.ts";

type ResolverClass = new (...dependencies: never[]) => object;

/**
 * Builds the public schema of the resolver classes, over the objects that were made of them by hand in app.ts.
 * Without objects it can be printed, but not asked.
 */
export async function schemaOf(
  classes: readonly ResolverClass[],
  resolvers: readonly object[],
): Promise<GraphQLSchema> {
  const byClass = new Map(resolvers.map((resolver) => [resolver.constructor, resolver]));
  const schema = await buildSchema({
    resolvers: classes as unknown as NonEmptyArray<ResolverClass>,
    container: { get: (type) => byClass.get(type) },
    authChecker: authorize,
    validate: false, // every rule that GraphQL's own types cannot say stands in a domain, with its own message
    pubSub: nothingPublished,
  });
  rememberResolvers(schema, byClass);
  return schema;
}

// type-graphql asks for one where there is a subscription. Each of ours names its own stream (platform/graphql/subscribe.ts).
const nothingPublished: PubSub = {
  publish: () => {
    throw new Error("Nothing is published: a subscription names its stream.");
  },
  subscribe: () => {
    throw new Error("Nothing is published: a subscription names its stream.");
  },
};

/** The schema as it is committed in `schema.graphql`. */
export function printedSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
