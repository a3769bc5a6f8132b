import { ArgsType, type ClassType, Field, Int, ObjectType } from "type-graphql";
import { checkPage, cursorOf, idOfCursor, type Page, type PageRequest } from "../../core/page.ts";

@ObjectType("PageInfo", { description: "Where a page stands in its list.", simpleResolvers: true })
export class PageInfoType {
  @Field(() => Boolean, { description: "Whether there is more after this page." })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: "Always false: lists are read forwards." })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true, description: "The cursor of the page's first node." })
  startCursor: string | null;

  @Field(() => String, { nullable: true, description: "The cursor to pass as `after` for the next page." })
  endCursor: string | null;
}

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, defaultValue: 20, description: "How many at the most, 1 to 100." })
  first: number | null;

  @Field(() => String, { nullable: true, description: "The cursor that the page starts after." })
  after: string | null;
}

export interface Edge<Node> {
  cursor: string;
  node: Node;
}

export interface Connection<Node> {
  nodes: Node[];
  edges: Edge<Node>[];
  pageInfo: PageInfoType;
}

/** Makes the Relay connection type of a node type. Call it once for each, at the top of a `*.types.ts`. */
export function connectionType<Node extends object>(name: string, node: () => ClassType<Node>) {
  @ObjectType(`${name}Edge`, { description: `One ${name} of a list, with its cursor.`, simpleResolvers: true })
  class EdgeType {
    @Field(() => String, { description: "Where this node stands in the list." })
    cursor: string;

    @Field(node, { description: "The node itself." })
    node: Node;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.`, simpleResolvers: true })
  class ConnectionType {
    @Field(() => [node()], { description: "The nodes of this page." })
    nodes: Node[];

    @Field(() => [EdgeType], { description: "The nodes of this page, each with its cursor." })
    edges: EdgeType[];

    @Field(() => PageInfoType, { description: "Where the page stands in the list." })
    pageInfo: PageInfoType;
  }
  return ConnectionType;
}

/** The page that the arguments ask for. Throws INVALID_INPUT for a size or a cursor that cannot be. */
export function pageRequestOf(args: PageArgs): PageRequest {
  return checkPage({ first: args.first ?? 20, after: args.after ? idOfCursor(args.after) : undefined });
}

/** A page of rows as a connection of nodes. The cursor is made of the node's id. */
export function toConnection<Row, Node extends { id: string }>(
  page: Page<Row>,
  toNode: (row: Row) => Node,
): Connection<Node> {
  const nodes = page.nodes.map(toNode);
  const edges = nodes.map((node) => ({ node, cursor: cursorOf(node.id) }));
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
