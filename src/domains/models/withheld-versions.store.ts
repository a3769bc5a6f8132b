import type { Database } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";

/** A version that a gateway keeps from the tenant whose inputs broke it again and again. */
export interface WithheldVersion {
  versionId: string;
  tenantId: string;
  reason: string;
  /** The place in its request of the input that broke it last, where that is known. */
  position: number | undefined;
  forMs: number;
}

/** Writes down which tenants a version was kept from: for the tenant, and for the operators of the platform. */
export class WithheldVersionsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async record({ versionId, tenantId, reason, position, forMs }: WithheldVersion): Promise<void> {
    const details = {
      reason,
      minutes: Math.ceil(forMs / 60_000),
      ...(position === undefined ? {} : { input: `inputs[${position}]` }),
    };
    const event = {
      actorId: "tollgate",
      action: "model_version.withheld",
      subjectId: versionId,
      requestId: undefined,
    };
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        await recordAuditEvent(transaction, { ...event, tenantId, details });
        await recordAuditEvent(transaction, { ...event, tenantId: undefined, details: { ...details, tenantId } });
      }),
    );
  }
}
