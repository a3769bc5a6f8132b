import type { Clock } from "./core/clock.ts";
import { BillingDetailsResolver } from "./domains/billing/billing-details.resolver.ts";
import { BillingDetailsService } from "./domains/billing/billing-details.service.ts";
import { BillingDetailsStore } from "./domains/billing/billing-details.store.ts";
import { CorrectionsStore } from "./domains/billing/corrections.store.ts";
import { CreditResolver } from "./domains/billing/credit.resolver.ts";
import { CreditStore } from "./domains/billing/credit.store.ts";
import { toCreditGrantType } from "./domains/billing/credit.types.ts";
import { CreditsService } from "./domains/billing/credits.service.ts";
import { DocumentsService } from "./domains/billing/documents.service.ts";
import { exclusively } from "./domains/billing/exclusive-run.ts";
import { ExplanationResolver } from "./domains/billing/explanation.resolver.ts";
import { ExplanationStore } from "./domains/billing/explanation.store.ts";
import { InvoiceResolver } from "./domains/billing/invoice.resolver.ts";
import { InvoiceStore } from "./domains/billing/invoice.store.ts";
import { toInvoiceType } from "./domains/billing/invoice.types.ts";
import { InvoicesService } from "./domains/billing/invoices.service.ts";
import { IssueStore } from "./domains/billing/issue.store.ts";
import { PdfDrawing } from "./domains/billing/pdf-drawing.ts";
import { PlanChangeResolver } from "./domains/billing/plan-change.resolver.ts";
import { PlanChangeStore } from "./domains/billing/plan-change.store.ts";
import { scopeOf } from "./domains/billing/scope.ts";
import { UsageSumsStore } from "./domains/billing/usage-sums.store.ts";
import type { NodeLoader } from "./edge/graphql/node.resolver.ts";
import type { Config } from "./platform/config.ts";
import type { Database } from "./platform/database.ts";
import type { Logger } from "./platform/logger.ts";

interface BillingGround {
  config: Config;
  logger: Logger;
  clock: Clock;
  database: Database;
}

export type Billing = ReturnType<typeof buildBilling>;

/** The billing domain, for a gateway or for a command: it needs nothing of the other domains. */
export function buildBilling({ config, logger, clock, database }: BillingGround) {
  const store = new InvoiceStore(database);
  const credits = new CreditsService(new CreditStore(database), clock);
  const invoices = new InvoicesService({
    issue: new IssueStore(database),
    corrections: new CorrectionsStore(database),
    sums: new UsageSumsStore(database),
    terms: config.billing,
    logger,
  });
  return {
    /** Issues what is due, unless another process is at it. */
    issueDue: (actorId: string) => exclusively(database, () => invoices.issueAllDue(actorId)),
    documents: new DocumentsService(store, new PdfDrawing(config.billing.fontFile)),
    resolvers: [
      new InvoiceResolver(invoices, store),
      new ExplanationResolver(store, new ExplanationStore(database)),
      new CreditResolver(credits),
      new PlanChangeResolver(new PlanChangeStore(database)),
      new BillingDetailsResolver(new BillingDetailsService(new BillingDetailsStore(database))),
    ],
    nodeLoaders: loadersOf(store, credits),
  };
}

function loadersOf(store: InvoiceStore, credits: CreditsService): [string, NodeLoader][] {
  const invoice: NodeLoader = {
    permission: "invoices:read",
    find: async (id, principal) => {
      const found = await store.find(scopeOf(principal), id);
      return found === undefined ? undefined : toInvoiceType(found);
    },
  };
  const grant: NodeLoader = {
    permission: "invoices:read",
    find: async (id, principal) => {
      if (principal.kind === "OPERATOR") return undefined;
      const found = await credits.find(principal.tenantId, id);
      return found === undefined ? undefined : toCreditGrantType(found);
    },
  };
  return [
    ["inv", invoice],
    ["crg", grant],
  ];
}
