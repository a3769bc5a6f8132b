import type { Database } from "../../platform/database.ts";
import { recordAuditEvent } from "../audit/audit-log.ts";

interface Offer {
  modelId: string;
  /** Undefined: all tenants. */
  tenantId: string | undefined;
  actorId: string;
  requestId: string;
}

/** Which tenants see which models of the platform. */
export class OffersStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** False where there is no such tenant. */
  async offer({ modelId, tenantId, actorId, requestId }: Offer): Promise<boolean> {
    return await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        if (tenantId === undefined) {
          await transaction.model.update({ where: { id: modelId }, data: { isOfferedToAll: true } });
        } else {
          if ((await transaction.tenant.findFirst({ where: { id: tenantId } })) === null) return false;
          await transaction.modelOffer.createMany({
            data: [{ tenantId, modelId, createdBy: actorId }],
            skipDuplicates: true,
          });
        }
        await recordAuditEvent(transaction, eventOf("model.offered", { modelId, tenantId, actorId, requestId }));
        return true;
      }),
    );
  }

  async withdraw({ modelId, tenantId, actorId, requestId }: Offer): Promise<void> {
    await this.#database.asSystem((prisma) =>
      prisma.$transaction(async (transaction) => {
        if (tenantId === undefined)
          await transaction.model.update({ where: { id: modelId }, data: { isOfferedToAll: false } });
        else await transaction.modelOffer.deleteMany({ where: { tenantId, modelId } });
        await recordAuditEvent(transaction, eventOf("model.withdrawn", { modelId, tenantId, actorId, requestId }));
      }),
    );
  }
}

function eventOf(action: string, { modelId, tenantId, actorId, requestId }: Offer) {
  return { tenantId: undefined, actorId, action, subjectId: modelId, details: { to: tenantId ?? "all" }, requestId };
}
