import type { buildInference, buildUsage, Ground } from "./assembly.ts";
import type { Billing } from "./billing-assembly.ts";
import { PartitionsStore } from "./domains/usage/partitions.store.ts";
import { RetentionStore } from "./domains/usage/retention.store.ts";
import type { Models } from "./models-assembly.ts";
import { repeatedly } from "./platform/repeatedly.ts";
import type { Webhooks } from "./webhooks-assembly.ts";

/** Work that comes back by itself until it is stopped. */
export type Chore = ReturnType<typeof repeatedly>;

interface Chored {
  models: Models;
  usage: ReturnType<typeof buildUsage>;
  inference: ReturnType<typeof buildInference>;
  billing: Billing;
  webhooks: Webhooks;
}

/** What has to be done now and then, on each gateway; where one is enough for all, the database sees to that. */
export function startChores(
  { config, logger, clock, database, metrics }: Ground,
  { models, usage, inference, billing, webhooks }: Chored,
): Chore[] {
  const hourMs = 3_600_000;
  const partitions = new PartitionsStore(database);
  const retention = new RetentionStore(database);
  return [
    repeatedly({ everyMs: 12 * hourMs, name: "making the months ahead", logger }, () => partitions.ensure()),
    repeatedly({ everyMs: hourMs, name: "forgetting old answers", logger }, () =>
      inference.idempotency.deleteExpired(),
    ),
    repeatedly({ everyMs: 5_000, name: "bringing versions on", logger }, () => models.registrations.resume()),
    repeatedly({ everyMs: 30_000, name: "loading again", logger }, () => models.hosting.retry()),
    repeatedly({ everyMs: 1_000, name: "judging aliases", logger }, () => models.watch.judge()),
    repeatedly({ everyMs: 60_000, name: "forgetting targets", logger }, () => models.watch.forget()),
    repeatedly({ everyMs: hourMs, name: "clearing artifacts", logger }, () => models.artifacts.clear(clock.now())),
    repeatedly({ everyMs: hourMs, name: "forgetting old counters", logger }, () => retention.forgetOldCounters()),
    repeatedly({ everyMs: hourMs, name: "forgetting old errors", logger }, () => usage.errorCounts.forgetOld()),
    repeatedly({ everyMs: 24 * hourMs, name: "dropping old months", logger }, async () => {
      const months = await retention.dropOldMonths(config.usageRetentionMonths);
      if (months.length > 0) logger.info({ months }, "dropped the usage events of months that are invoiced");
    }),
    repeatedly({ everyMs: 5 * 60_000, name: "looking for drift", logger }, () => usage.drift.look(clock.now())),
    repeatedly({ everyMs: 5 * 60_000, name: "issuing invoices", logger }, async () => {
      const result = await billing.issueDue("system");
      if (result === undefined) return;
      metrics.invoicesIssued.inc(result.issued);
      metrics.invoicesWithheld.set(result.failed);
      if (result.issued > 0) logger.info({ ...result }, "invoices issued");
    }),
    // What is due again, or was left by a gateway that died; what is new wakes the sender itself.
    repeatedly({ everyMs: 1_000, name: "sending webhooks", logger }, () => webhooks.sender.pump()),
    repeatedly({ everyMs: hourMs / 6, name: "rolling up days", logger }, () => usage.days.rollUp()),
    repeatedly({ everyMs: hourMs, name: "looking after webhooks", logger }, async () => {
      await webhooks.outbox.deleteEnded(config.webhookRetentionDays);
      await webhooks.outbox.enqueueExpiringKeys();
    }),
    repeatedly({ everyMs: 5_000, name: "gauging", logger }, () => {
      metrics.owedReversals.set(usage.ledger.owed);
      const queued = models.engine.state().lanes.map((lane) => lane.queuedInputs);
      metrics.queuedInputs.set(queued.reduce((sum, inputs) => sum + inputs, 0));
    }),
  ];
}
