import { Authorized, Resolver, Root, Subscription } from "type-graphql";
import { type RequestContext, tenantPrincipalOf } from "../../core/request-context.ts";
import { subscribeOn } from "../../platform/graphql/subscribe.ts";
import { shownQuantity } from "../plans/meter.ts";
import { UsageTickType } from "./usage.types.ts";
import type { UsageTick, UsageTicks } from "./usage-ticks.ts";

@Resolver(() => UsageTickType)
export class UsageTicksResolver {
  readonly #ticks: UsageTicks;

  constructor(ticks: UsageTicks) {
    this.#ticks = ticks;
  }

  async watch(context: RequestContext): Promise<AsyncIterable<UsageTick>> {
    return await this.#ticks.watch(tenantPrincipalOf(context).tenantId);
  }

  @Authorized("usage:read")
  @Subscription(() => UsageTickType, {
    description:
      "What the principal's tenant uses: an empty tick at the beginning, then one a second while there is usage.",
    subscribe: subscribeOn(
      () => UsageTicksResolver,
      (resolver, { context }: { context: RequestContext }) => resolver.watch(context),
    ),
  })
  usageTicks(@Root() tick: UsageTick): UsageTickType {
    const usage = tick.usage.map(({ meter, quantity, amountMicros }) => ({
      meter,
      quantity: shownQuantity(meter, quantity),
      amount: amountMicros,
    }));
    return { ...tick, usage };
  }
}
