import { newId } from "../../core/ids.ts";
import type { Period } from "../../core/period.ts";
import type { Database, Prisma } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";
import { burnDown } from "./credits.ts";
import { draftOf, type PeriodFacts } from "./draft.ts";
import { decidePeriod, openPeriod, type PeriodVerdict } from "./due-period.ts";
import type { Invoice, InvoiceDraft, Party } from "./invoice.ts";
import { invoiceOf, writeInvoice } from "./invoice-rows.store.ts";
import { readPeriodFacts, readTenantBilling, type TenantBilling } from "./period-facts.store.ts";
import type { EventSums } from "./usage-sums.ts";
import { differences } from "./usage-sums.ts";

export interface IssueRequest {
  tenantId: string;
  /** Any moment of the period that is meant. Undefined: the oldest that is open. */
  wanted: Date | undefined;
  graceMs: number;
  dueDays: number;
  seller: Party;
  /** What becomes of a period without a single line: closed without an invoice, or invoiced over nothing. */
  whenEmpty: "SKIP" | "ISSUE";
  actorId: string;
  requestId: string | undefined;
}

/** What the events of the period added up to before its tenant was locked. */
export interface SeenEvents {
  period: Period;
  sums: EventSums;
}

export type Issued = { outcome: "ISSUED"; invoice: Invoice } | { outcome: "ALREADY"; invoice: Invoice } | NotIssued;

export type NotIssued =
  | { outcome: "NOTHING_TO_BILL"; period: Period }
  | { outcome: "REFUSED"; verdict: Exclude<PeriodVerdict, { kind: "ISSUE" | "CLOSED" }> }
  /** The rollup is not what the events added up to: one was booked meanwhile, or it has drifted. */
  | { outcome: "DIFFERS"; differences: string[] }
  | { outcome: "NO_TENANT" };

type Transaction = Parameters<Parameters<Prisma["$transaction"]>[0]>[0];

export class IssueStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async tenantBilling(tenantId: string): Promise<TenantBilling | undefined> {
    return await this.#database.asSystem((prisma) => readTenantBilling(prisma, tenantId));
  }

  /** Tenants that have a period to be invoiced by now, in order, after one: for the run that issues for all. */
  async tenantsDue(afterId: string, { graceMs, limit }: { graceMs: number; limit: number }): Promise<string[]> {
    const rows = await this.#database.systemSql<{ id: string }>({
      text: tenantsDueSql,
      values: [afterId, graceMs, limit],
    });
    return rows.map(({ id }) => id);
  }

  /** What an invoice of the open period would say now, read behind the tenant's wall. Undefined: there is no such tenant. */
  async draft(tenantId: string): Promise<InvoiceDraft | undefined> {
    return await this.#database.forTenant(tenantId, async (prisma) => {
      const tenant = await readTenantBilling(prisma, tenantId);
      return tenant === undefined ? undefined : draftOf(await readPeriodFacts(prisma, tenant, openPeriod(tenant)));
    });
  }

  /**
   * Closes the period and writes its invoice, in one transaction under the tenant's ledger lock. Of two callers at once
   * the second waits, and is then given what the first one wrote. No charge is dated before `closed_until`, and every
   * charge takes the same lock: so none is in two periods, and none in neither.
   */
  async issue(request: IssueRequest, seen: SeenEvents): Promise<Issued> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction((transaction) => issueIn(transaction, request, seen), { timeout: 20_000, maxWait: 10_000 }),
    );
  }
}

async function issueIn(transaction: Transaction, request: IssueRequest, seen: SeenEvents): Promise<Issued> {
  const { tenantId } = request;
  await transaction.$queryRaw`select 1 from lock_tenant_ledger(${tenantId})`;
  const tenant = await readTenantBilling(transaction, tenantId);
  if (tenant === undefined) return { outcome: "NO_TENANT" };
  const verdict = decidePeriod(tenant, { ...request, now: tenant.now });
  if (verdict.kind !== "ISSUE" && verdict.kind !== "CLOSED") return { outcome: "REFUSED", verdict };
  const { period } = verdict;
  const standing = await findStanding(transaction, tenantId, period);
  if (standing !== undefined) return { outcome: "ALREADY", invoice: standing };

  const facts = await readPeriodFacts(transaction, tenant, period);
  const differing =
    seen.period.startsAt.getTime() === period.startsAt.getTime() ? differences(seen.sums, facts) : ["period"];
  if (differing.length > 0) return { outcome: "DIFFERS", differences: differing };

  if (verdict.kind === "ISSUE") await closePeriod(transaction, tenantId, period);
  const draft = draftOf(facts);
  if (draft.lines.length === 0 && request.whenEmpty === "SKIP") return { outcome: "NOTHING_TO_BILL", period };
  return { outcome: "ISSUED", invoice: await writeIssued(transaction, { request, tenant, facts, draft }) };
}

async function findStanding(transaction: Transaction, tenantId: string, period: Period): Promise<Invoice | undefined> {
  const row = await transaction.invoice.findFirst({
    where: {
      tenantId,
      kind: "INVOICE",
      state: { not: "VOID" },
      periodStartsAt: { lt: period.endsAt },
      periodEndsAt: { gt: period.startsAt },
    },
    include: { lines: { orderBy: { position: "asc" } } },
  });
  return row === null ? undefined : invoiceOf(row);
}

async function closePeriod(transaction: Transaction, tenantId: string, { endsAt }: Period): Promise<void> {
  await transaction.$executeRaw`
    update tenant_ledgers set closed_until = ${endsAt}
      where tenant_id = ${tenantId} and (closed_until is null or closed_until < ${endsAt})`;
}

interface Writing {
  request: IssueRequest;
  tenant: TenantBilling;
  facts: PeriodFacts;
  draft: InvoiceDraft;
}

async function writeIssued(transaction: Transaction, { request, tenant, facts, draft }: Writing): Promise<Invoice> {
  const { tenantId, seller, dueDays, actorId, requestId } = request;
  const details = await transaction.billingDetails.findFirst({ where: { tenantId } });
  const customer = {
    name: details?.name ?? tenant.tenantName,
    address: details?.address ?? "",
    taxId: details?.taxId ?? "",
  };
  const invoice = await writeInvoice(transaction, {
    ...draft,
    kind: "INVOICE",
    correctsId: undefined,
    reason: undefined,
    seller,
    customer,
    issuedAt: tenant.now,
    issuedBy: actorId,
    dueAt: new Date(tenant.now.getTime() + dueDays * 86_400_000),
  });
  for (const use of burnDown(facts.credits, draft.creditsMicros, draft.period.endsAt)) {
    await transaction.creditUse.create({
      data: { id: newId("creditUse"), tenantId, invoiceId: invoice.id, ...use, usedAt: tenant.now },
    });
  }
  await recordAuditEvent(transaction, {
    tenantId,
    actorId,
    action: "invoice.issued",
    subjectId: invoice.id,
    details: { number: invoice.number, currency: invoice.currency, totalMicros: String(invoice.totalMicros) },
    requestId,
  });
  return invoice;
}

const tenantsDueSql = `
  select t.id
    from tenants t
    join tenant_ledgers l on l.tenant_id = t.id
    cross join lateral period_of(
      coalesce(l.closed_until, least(t.created_at, (select min(h.hour) from usage_hourly h where h.tenant_id = t.id),
                                     (select min(s.starts_at) from subscriptions s where s.tenant_id = t.id))),
      t.billing_anchor_day) as open
    where t.id > $1 and open.ends_at + $2 * interval '1 millisecond' <= tollgate_now()
    order by t.id
    limit $3`;
