import { notFound, TollgateError } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { CorrectionsStore } from "./corrections.store.ts";
import { creditNoteOf, type WantedCredit } from "./credit-note.ts";
import { decidePeriod } from "./due-period.ts";
import type { Invoice, InvoiceDraft, Party } from "./invoice.ts";
import { issueAllDue, type RunResult } from "./invoice-run.ts";
import type { Issued, IssueRequest, IssueStore, NotIssued } from "./issue.store.ts";
import { LedgerMismatch } from "./usage-lines.ts";
import type { UsageSumsStore } from "./usage-sums.store.ts";

/** How this installation bills. */
export interface BillingTerms {
  seller: Party;
  /** How long after a period's end what was still on its way is waited for. */
  graceMs: number;
  /** How many days a tenant has to pay. */
  dueDays: number;
}

interface Parts {
  issue: IssueStore;
  corrections: CorrectionsStore;
  sums: UsageSumsStore;
  terms: BillingTerms;
  logger: Logger;
}

interface By {
  actorId: string;
  requestId: string | undefined;
}

export type PeriodRequest = Pick<IssueRequest, "tenantId" | "wanted" | "whenEmpty"> & By;

/** How often an invoice is begun anew because a correction was booked between the adding up and the lock. */
const attempts = 3;

/** Issues invoices, and corrects them. */
export class InvoicesService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Issues a period's invoice, or returns the one that was issued before. Throws CONFLICT for a period that is not over,
   * has others before it, or whose books do not agree, and NOT_FOUND for a tenant that is not there.
   */
  async issue(request: Omit<PeriodRequest, "whenEmpty">): Promise<Invoice> {
    const issued = await this.tryIssue({ ...request, whenEmpty: "ISSUE" });
    if (issued.outcome === "ISSUED" || issued.outcome === "ALREADY") return issued.invoice;
    throw refusalOf(issued);
  }

  /** The same for the run that issues for all: what there is nothing to bill for, or not yet, is an answer and no error. */
  async tryIssue(period: PeriodRequest): Promise<Issued> {
    const request = { ...period, ...this.#parts.terms };
    let issued: Issued = { outcome: "NO_TENANT" };
    for (let attempt = 0; attempt < attempts; attempt++) {
      issued = await this.#issueOnce(request);
      if (issued.outcome !== "DIFFERS") return issued;
    }
    if (issued.outcome === "DIFFERS") {
      const { differences } = issued;
      this.#parts.logger.error(
        { tenantId: period.tenantId, differences },
        "no invoice: the rollups differ from the events",
      );
    }
    return issued;
  }

  /** Issues all that is due, for every tenant. */
  async issueAllDue(actorId: string): Promise<RunResult> {
    const { issue, terms, logger } = this.#parts;
    return await issueAllDue({
      tenantsDue: (afterId) => issue.tenantsDue(afterId, { graceMs: terms.graceMs, limit: 100 }),
      issueNext: (tenantId) =>
        this.tryIssue({ tenantId, wanted: undefined, whenEmpty: "SKIP", actorId, requestId: undefined }),
      logger,
    });
  }

  async #issueOnce(request: IssueRequest): Promise<Issued> {
    const { issue, sums } = this.#parts;
    const tenant = await issue.tenantBilling(request.tenantId);
    if (tenant === undefined) return { outcome: "NO_TENANT" };
    const verdict = decidePeriod(tenant, { ...request, now: tenant.now });
    if (verdict.kind !== "ISSUE" && verdict.kind !== "CLOSED") return { outcome: "REFUSED", verdict };
    // Before the lock, for the tenant's charges wait on it: by now the period takes nothing but corrections, and those
    // that come in between are seen as a difference.
    const seen = { period: verdict.period, sums: await sums.ofPeriod(request.tenantId, verdict.period) };
    try {
      return await issue.issue(request, seen);
    } catch (error) {
      if (!(error instanceof LedgerMismatch)) throw error;
      return { outcome: "DIFFERS", differences: [error.message] };
    }
  }

  /** What the next invoice would say now. Throws CONFLICT where the ledger's amounts are not what its quantities cost. */
  async draft(tenantId: string): Promise<InvoiceDraft & { issuableAt: Date }> {
    const draft = await this.#parts.issue.draft(tenantId).catch((error: unknown) => {
      throw error instanceof LedgerMismatch ? refusalOf({ outcome: "DIFFERS", differences: [error.message] }) : error;
    });
    if (draft === undefined) throw notFound("tenant");
    return { ...draft, issuableAt: new Date(draft.period.endsAt.getTime() + this.#parts.terms.graceMs) };
  }

  async creditNote(request: { id: string; reason: string; lines: WantedCredit[] | undefined } & By): Promise<Invoice> {
    const reason = requiredText("reason", request.reason);
    const decide = (invoice: Invoice, earlier: Invoice[]) => {
      if (invoice.kind !== "INVOICE") throw conflict(invoice, "is a credit note itself. Credit the invoice");
      if (invoice.end.state === "VOID") throw conflict(invoice, "is void, so there is nothing to credit");
      return creditNoteOf(invoice, earlier, request.lines);
    };
    return found(await this.#parts.corrections.creditNote(request.id, { ...request, reason, decide }));
  }

  async void(request: { id: string; reason: string } & By): Promise<Invoice> {
    const voidReason = requiredText("reason", request.reason);
    const check = (invoice: Invoice, notes: Invoice[]) => {
      if (invoice.kind !== "INVOICE") throw conflict(invoice, "is a credit note, which stands");
      if (invoice.end.state !== "ISSUED") throw conflict(invoice, `is ${invoice.end.state.toLowerCase()} already`);
      if (notes.length > 0) throw conflict(invoice, "has a credit note. Credit the rest of it instead");
    };
    return found(
      await this.#parts.corrections.end(request.id, { ...request, ending: { state: "VOID", voidReason }, check }),
    );
  }

  async markPaid(request: { id: string; paidAt: Date | undefined; reference: string } & By): Promise<Invoice> {
    const ending = { state: "PAID", paidAt: request.paidAt, paymentReference: request.reference.trim() } as const;
    const check = (invoice: Invoice) => {
      if (invoice.end.state !== "ISSUED") throw conflict(invoice, `is ${invoice.end.state.toLowerCase()} already`);
    };
    return found(await this.#parts.corrections.end(request.id, { ...request, ending, check }));
  }
}

function refusalOf(issued: NotIssued): TollgateError {
  switch (issued.outcome) {
    case "NO_TENANT":
      return notFound("tenant");
    case "NOTHING_TO_BILL":
      return new TollgateError("CONFLICT", "There is nothing to bill in that period.");
    case "DIFFERS":
      return new TollgateError(
        "CONFLICT",
        `The rollups of the period are not what its events add up to: ${issued.differences.join("; ")}. \`npm run usage:verify\` shows more; nothing was issued.`,
      );
    case "REFUSED":
      return refusalOfPeriod(issued.verdict);
  }
}

function refusalOfPeriod(verdict: Extract<NotIssued, { outcome: "REFUSED" }>["verdict"]): TollgateError {
  switch (verdict.kind) {
    case "TOO_EARLY":
      return new TollgateError(
        "CONFLICT",
        `The period ends at ${verdict.period.endsAt.toISOString()} and can be invoiced from ${verdict.issuableAt.toISOString()} on.`,
      );
    case "OUT_OF_ORDER":
      return new TollgateError(
        "CONFLICT",
        `The period from ${verdict.first.startsAt.toISOString()} comes first. Invoices are issued in order.`,
      );
    case "BEFORE_ALL":
      return new TollgateError(
        "CONFLICT",
        `The tenant's first period starts at ${verdict.first.startsAt.toISOString()}; there is nothing to bill before it.`,
      );
  }
}

function conflict({ number }: Invoice, what: string): TollgateError {
  return new TollgateError("CONFLICT", `${number} ${what}.`);
}

function found(invoice: Invoice | undefined): Invoice {
  if (invoice === undefined) throw notFound("invoice");
  return invoice;
}

const longestText = 500;

/** A text that stands in the books. Throws INVALID_INPUT for one that is empty or too long. */
export function requiredText(name: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed.length >= 1 && trimmed.length <= longestText) return trimmed;
  throw new TollgateError("INVALID_INPUT", `${name} has ${trimmed.length} characters; it needs 1 to ${longestText}.`);
}
