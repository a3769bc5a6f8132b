import { newId } from "../../core/ids.ts";
import type { Prisma } from "../../platform/database.ts";

/** Who did what to what, when. */
export interface AuditEvent {
  id: string;
  tenantId: string | undefined;
  actorId: string;
  action: string;
  subjectId: string;
  details: Record<string, string | number | boolean | string[]>;
  occurredAt: Date;
}

export type NewAuditEvent = Omit<AuditEvent, "id" | "occurredAt"> & { requestId: string | undefined };

/** Writes the event with the transaction of what it tells of, so that neither stands without the other. */
export async function recordAuditEvent(prisma: Pick<Prisma, "auditEvent">, event: NewAuditEvent): Promise<void> {
  const { tenantId, requestId, ...rest } = event;
  await prisma.auditEvent.create({
    data: { id: newId("auditEvent"), ...rest, tenantId: tenantId ?? null, requestId: requestId ?? null },
  });
}
