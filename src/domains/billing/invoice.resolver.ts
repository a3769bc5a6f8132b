import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { notFound } from "../../core/errors.ts";
import { actorId } from "../../core/principal.ts";
import { principalOf, type RequestContext } from "../../core/request-context.ts";
import { type Connection, PageArgs, pageRequestOf, toConnection } from "../../platform/graphql/connection.types.ts";
import type { InvoiceStore } from "./invoice.store.ts";
import { InvoiceConnectionType, InvoiceDraftType, InvoiceType, toDraftType, toInvoiceType } from "./invoice.types.ts";
import {
  IssueCreditNoteInput,
  IssueInvoiceInput,
  MarkInvoicePaidInput,
  VoidInvoiceInput,
} from "./invoice-inputs.types.ts";
import type { InvoicesService } from "./invoices.service.ts";
import { scopeOf, tenantAskedFor } from "./scope.ts";

@Resolver(() => InvoiceType)
export class InvoiceResolver {
  readonly #service: InvoicesService;
  readonly #store: InvoiceStore;

  constructor(service: InvoicesService, store: InvoiceStore) {
    this.#service = service;
    this.#store = store;
  }

  @Authorized("invoices:read")
  @Query(() => InvoiceConnectionType, {
    description: "The invoices and credit notes of the principal's tenant, newest first; for an operator, of all.",
  })
  async invoices(
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
    @Arg("tenantId", () => ID, { nullable: true, description: "Only this tenant's; for operators." })
    tenantId: string | null | undefined,
  ): Promise<Connection<InvoiceType>> {
    const principal = principalOf(context);
    const scope = tenantId ? { tenantId: tenantAskedFor(principal, tenantId) } : scopeOf(principal);
    const page = await this.#store.page(scope, pageRequestOf(args));
    return toConnection(page, toInvoiceType);
  }

  @Authorized("invoices:read")
  @Query(() => InvoiceType, { description: "One invoice or credit note." })
  async invoice(
    @Ctx() context: RequestContext,
    @Arg("id", () => ID, { description: "Its id." }) id: string,
  ): Promise<InvoiceType> {
    const invoice = await this.#store.find(scopeOf(principalOf(context)), id);
    if (invoice === undefined) throw notFound("invoice");
    return toInvoiceType(invoice);
  }

  @Authorized("invoices:read")
  @Query(() => InvoiceDraftType, { description: "What the next invoice would say now. It follows usage." })
  async invoiceDraft(
    @Ctx() context: RequestContext,
    @Arg("tenantId", () => ID, { nullable: true, description: "The tenant; needed of operators only." })
    tenantId: string | null,
  ): Promise<InvoiceDraftType> {
    const tenant = tenantAskedFor(principalOf(context), tenantId);
    return toDraftType(await this.#service.draft(tenant));
  }

  @Authorized("invoices:read")
  @FieldResolver(() => [InvoiceType], { description: "The credit notes that correct it, oldest first." })
  async creditNotes(@Root() invoice: InvoiceType): Promise<InvoiceType[]> {
    return (await this.#store.creditNotesOf(invoice.tenantId, invoice.id)).map(toInvoiceType);
  }

  @Authorized("invoices:write")
  @Mutation(() => InvoiceType, {
    description: "Closes a period and issues its invoice; issuing it again returns the same. For operators.",
  })
  async issueInvoice(
    @Ctx() context: RequestContext,
    @Arg("input", () => IssueInvoiceInput, { description: "Which period of which tenant." }) input: IssueInvoiceInput,
  ): Promise<InvoiceType> {
    const { tenantId, at } = input;
    return toInvoiceType(await this.#service.issue({ tenantId, wanted: at ?? undefined, ...by(context) }));
  }

  @Authorized("invoices:write")
  @Mutation(() => InvoiceType, {
    description: "Takes an unpaid invoice back as a whole; its period can be issued anew. For operators.",
  })
  async voidInvoice(
    @Ctx() context: RequestContext,
    @Arg("input", () => VoidInvoiceInput, { description: "Which, and why." }) input: VoidInvoiceInput,
  ): Promise<InvoiceType> {
    return toInvoiceType(await this.#service.void({ id: input.id, reason: input.reason, ...by(context) }));
  }

  @Authorized("invoices:write")
  @Mutation(() => InvoiceType, { description: "Gives back some or all of an invoice by a credit note. For operators." })
  async issueCreditNote(
    @Ctx() context: RequestContext,
    @Arg("input", () => IssueCreditNoteInput, { description: "How much of which invoice, and why." })
    input: IssueCreditNoteInput,
  ): Promise<InvoiceType> {
    const lines = input.lines?.map(({ lineId, amount }) => ({ lineId, amountMicros: amount }));
    return toInvoiceType(await this.#service.creditNote({ id: input.id, reason: input.reason, lines, ...by(context) }));
  }

  @Authorized("invoices:write")
  @Mutation(() => InvoiceType, { description: "Writes down that an invoice was paid. For operators." })
  async markInvoicePaid(
    @Ctx() context: RequestContext,
    @Arg("input", () => MarkInvoicePaidInput, { description: "Which, when, and how it is known." })
    input: MarkInvoicePaidInput,
  ): Promise<InvoiceType> {
    const { id, paidAt, reference } = input;
    return toInvoiceType(await this.#service.markPaid({ id, paidAt: paidAt ?? undefined, reference, ...by(context) }));
  }
}

function by(context: RequestContext): { actorId: string; requestId: string } {
  return { actorId: actorId(principalOf(context)), requestId: context.requestId };
}
