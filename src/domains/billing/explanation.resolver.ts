import { Arg, Authorized, Ctx, ID, Query, Resolver } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import type { ExplanationStore } from "./explanation.store.ts";
import { InvoiceLineExplanationType, toExplainedDay, toExplainedPrice } from "./explanation.types.ts";
import type { InvoiceStore } from "./invoice.store.ts";
import { toInvoiceType } from "./invoice.types.ts";
import { toLineType } from "./invoice-line.types.ts";
import { plainQuantity } from "./quantities.ts";
import { scopeOf } from "./scope.ts";

@Resolver(() => InvoiceLineExplanationType)
export class ExplanationResolver {
  readonly #invoices: InvoiceStore;
  readonly #explanations: ExplanationStore;

  constructor(invoices: InvoiceStore, explanations: ExplanationStore) {
    this.#invoices = invoices;
    this.#explanations = explanations;
  }

  @Authorized("invoices:read")
  @Query(() => InvoiceLineExplanationType, {
    description: "Where an invoice's line comes from: its price version, and what was used day by day.",
  })
  async explainInvoiceLine(
    @Ctx() context: RequestContext,
    @Arg("id", () => ID, { description: "The line's id." }) id: string,
  ): Promise<InvoiceLineExplanationType> {
    const found = await this.#invoices.findLine(scopeOf(principalOf(context)), id);
    if (found === undefined) throw notFound("invoice line");
    const { line, invoice } = found;
    const [days, price] = await Promise.all([
      this.#explanations.daysOf(invoice, line),
      this.#explanations.priceVersionOf(line),
    ]);
    const quantity = days.reduce((sum, day) => sum + day.quantity, 0n);
    return {
      line: toLineType(invoice, line),
      invoice: toInvoiceType(invoice),
      price: price === undefined ? null : toExplainedPrice(price, line.meter),
      days: days.map((day) => toExplainedDay(day, line.meter)),
      quantity: plainQuantity(quantity, line.meter),
      amount: days.reduce((sum, day) => sum + day.amountMicros, 0n),
    };
  }
}
