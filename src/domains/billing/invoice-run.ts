import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Issued } from "./issue.store.ts";

interface Parts {
  /** Tenants with a period to be invoiced, in order, after one. */
  tenantsDue: (afterId: string) => Promise<string[]>;
  /** Issues the tenant's oldest open period. */
  issueNext: (tenantId: string) => Promise<Issued>;
  logger: Logger;
}

export interface RunResult {
  issued: number;
  /** Closed, with nothing to bill. */
  empty: number;
  /** Tenants whose invoice could not be issued. The log says why, and the next run tries again. */
  failed: number;
}

/**
 * Issues all that is due. Each period of each tenant is a transaction of its own: a run that dies leaves whole invoices
 * and periods still open, and the next one goes on with those. Two runs at once get in each other's way, and nothing else.
 */
export async function issueAllDue(parts: Parts): Promise<RunResult> {
  const result: RunResult = { issued: 0, empty: 0, failed: 0 };
  for (let after = "", due = await parts.tenantsDue(after); due.length > 0; due = await parts.tenantsDue(after)) {
    for (const tenantId of due) await issueFor(tenantId, parts, result);
    after = due.at(-1) ?? after;
  }
  return result;
}

/** All periods of one tenant that are over, oldest first. */
async function issueFor(tenantId: string, { issueNext, logger }: Parts, result: RunResult): Promise<void> {
  try {
    for (;;) {
      const { outcome } = await issueNext(tenantId);
      if (outcome === "ISSUED") result.issued += 1;
      else if (outcome === "NOTHING_TO_BILL") result.empty += 1;
      else {
        if (outcome === "DIFFERS") result.failed += 1;
        return;
      }
    }
  } catch (error) {
    result.failed += 1;
    logger.error({ err: error, tenantId, reason: messageOf(error) }, "no invoice was issued");
  }
}
