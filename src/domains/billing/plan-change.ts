import type { Period } from "../../core/period.ts";
import { type FeeTenure, feeLines } from "./fee-lines.ts";
import type { PayableLine } from "./invoice.ts";
import { payable } from "./totals.ts";

/** A change of plan that somebody thinks of. */
export interface WantedPlanChange {
  /** By the ledger's clock. */
  now: Date;
  /** The billing period that runs now. */
  period: Period;
  when: "NOW" | "PERIOD_END";
  /** The plan to move to, in its latest version. */
  next: Omit<FeeTenure, "startsAt" | "endsAt">;
  currency: string;
}

/** What the change would come to. */
export interface PlanChangePreview {
  period: Period;
  startsAt: Date;
  currency: string;
  /** Whether anything changes at all: false for the version that the tenant is on. */
  isChange: boolean;
  before: PayableLine[];
  after: PayableLine[];
  differenceMicros: bigint;
}

/** The flat fees of the running period as things stand, and as they would be after the change, as an invoice has them. */
export function planChangePreview(tenures: readonly FeeTenure[], change: WantedPlanChange): PlanChangePreview {
  const { now, period, currency, next } = change;
  const running = tenures.find(
    (tenure) => tenure.startsAt <= now && (tenure.endsAt === undefined || tenure.endsAt > now),
  );
  const isChange = running?.planVersionId !== next.planVersionId;
  const startsAt = change.when === "NOW" || running === undefined ? now : period.endsAt;
  const before = payable(feeLines(period, tenures), currency);
  const after = payable(feeLines(period, tenuresAfter(tenures, { now, running, isChange, startsAt, next })), currency);
  return { period, startsAt, currency, isChange, before, after, differenceMicros: sumOf(after) - sumOf(before) };
}

interface Moved {
  now: Date;
  running: FeeTenure | undefined;
  isChange: boolean;
  startsAt: Date;
  next: WantedPlanChange["next"];
}

/** As `changePlan` leaves them: what was still to come is withdrawn, what runs ends where the next begins. */
function tenuresAfter(tenures: readonly FeeTenure[], { now, running, isChange, startsAt, next }: Moved): FeeTenure[] {
  const begun = tenures.filter((tenure) => tenure.startsAt <= now && tenure !== running);
  if (!isChange) return running === undefined ? begun : [...begun, { ...running, endsAt: undefined }];
  const ended = running === undefined ? [] : [{ ...running, endsAt: startsAt }];
  return [...begun, ...ended, { ...next, startsAt, endsAt: undefined }];
}

function sumOf(lines: readonly PayableLine[]): bigint {
  return lines.reduce((sum, { payableMicros }) => sum + payableMicros, 0n);
}
