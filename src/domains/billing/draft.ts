import type { Period } from "../../core/period.ts";
import { available, type CreditBalance } from "./credits.ts";
import { type FeeTenure, feeLines } from "./fee-lines.ts";
import type { InvoiceDraft } from "./invoice.ts";
import { payable, totalsOf } from "./totals.ts";
import { type LateGroup, lateLines, type PriceGroup, usageLines } from "./usage-lines.ts";

/** All that an invoice of a period is made from. */
export interface PeriodFacts {
  tenantId: string;
  currency: string;
  taxRatePpm: number;
  period: Period;
  tenures: FeeTenure[];
  groups: PriceGroup[];
  late: LateGroup[];
  credits: CreditBalance[];
}

/** What an invoice of the period says. Throws LedgerMismatch if the ledger's amounts are not what its quantities cost. */
export function draftOf(facts: PeriodFacts): InvoiceDraft {
  const { tenantId, period, currency, taxRatePpm } = facts;
  const wanted = [...feeLines(period, facts.tenures), ...usageLines(period, facts.groups), ...lateLines(facts.late)];
  const lines = payable(wanted, currency);
  const availableCreditsMicros = available(facts.credits, period.endsAt);
  return {
    tenantId,
    period,
    currency,
    taxRatePpm,
    lines,
    ...totalsOf({ lines, currency, taxRatePpm, availableCreditsMicros }),
  };
}
