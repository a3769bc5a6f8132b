import type { GraphQLResolveInfo, GraphQLSchema } from "graphql";

type ResolverClass<Resolver> = new (...dependencies: never[]) => Resolver;

const resolversOf = new WeakMap<GraphQLSchema, ReadonlyMap<unknown, object>>();

/** Remembers which objects answer a schema. */
export function rememberResolvers(schema: GraphQLSchema, byClass: ReadonlyMap<unknown, object>): void {
  resolversOf.set(schema, byClass);
}

/**
 * What `@Subscription` takes as `subscribe`: a call on the resolver's own object, which type-graphql looks up for every
 * operation but this.
 *
 * @param resolverClass as a function, because the class is not made yet where its decorators are read.
 */
export function subscribeOn<Resolver extends object, Context, Args>(
  resolverClass: () => ResolverClass<Resolver>,
  start: (resolver: Resolver, data: { context: Context; args: Args }) => Promise<AsyncIterable<unknown>>,
) {
  return (data: { context: Context; args: Args; info: GraphQLResolveInfo }): Promise<AsyncIterable<unknown>> => {
    const wanted = resolverClass();
    const resolver = resolversOf.get(data.info.schema)?.get(wanted);
    if (!(resolver instanceof wanted)) throw new Error(`the schema has no ${wanted.name}`);
    return start(resolver, data);
  };
}
