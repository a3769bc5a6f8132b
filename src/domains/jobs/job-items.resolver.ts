import { Args, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { TollgateError } from "../../core/errors.ts";
import { checkPage } from "../../core/page.ts";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import type { ItemView } from "./job-item.ts";
import type { JobItemsStore } from "./job-items.store.ts";
import { JobItemArgs, JobItemPageType, type JobItemType } from "./job-items.types.ts";
import { JobType } from "./jobs.types.ts";

@Resolver(() => JobType)
export class JobItemsResolver {
  readonly #items: JobItemsStore;

  constructor(items: JobItemsStore) {
    this.#items = items;
  }

  @FieldResolver(() => JobItemPageType, { description: "Its items one by one, in its order." })
  async items(
    @Ctx() context: RequestContext,
    @Root() job: JobType,
    @Args(() => JobItemArgs) { first, after, failedOnly }: JobItemArgs,
  ): Promise<JobItemPageType> {
    const { tenantId } = tenantPrincipalOf(context);
    const request = checkPage({ first: first ?? 20 });
    const wanted = failedOnly === true ? "FAILED" : "ALL";
    const page = await this.#items.page(tenantId, job.id, { first: request.first, after: itemOf(after), wanted });
    const pageInfo = {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: false,
      startCursor: cursorOf(page.nodes[0]),
      endCursor: cursorOf(page.nodes.at(-1)),
    };
    return { nodes: page.nodes.map(toItemType), pageInfo };
  }
}

function toItemType({ index, state, line, name, label, score, error }: ItemView): JobItemType {
  return {
    index,
    state,
    line: line ?? null,
    name: name ?? null,
    label: label ?? null,
    score: score ?? null,
    error: error ?? null,
  };
}

/** Items of a job have numbers, not ids. */
function cursorOf(item: ItemView | undefined): string | null {
  return item === undefined ? null : String(item.index);
}

function itemOf(cursor: string | null | undefined): number {
  if (cursor === null || cursor === undefined) return -1;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new TollgateError(
    "INVALID_INPUT",
    "after is not a cursor of this list. Pass the endCursor of an earlier page.",
  );
}
