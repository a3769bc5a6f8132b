import { authExchange } from "@urql/exchange-auth";
import { cacheExchange } from "@urql/exchange-graphcache";
import {
  Client,
  type CombinedError,
  fetchExchange,
  mapExchange,
  type OperationResult,
  subscriptionExchange,
} from "urql";
import { refresh } from "../session/session.ts";
import { streamsOf } from "./streams.ts";

/** Things that have no id of their own are kept with what they were read from. */
const withoutId = () => null;
const embedded = [
  "Principal",
  "User",
  "Member",
  "Membership",
  "LabelScore",
  "LimitStatus",
  "MeteredQuantity",
  "PlanPrice",
  "PlanQuota",
  "TensorSpec",
  "AliasTarget",
  "UsageReport",
  "UsageRow",
  "InferenceOutput",
  "InferenceTiming",
  "IssuedApiKey",
  "CreatedTenant",
  "InvitedMember",
  "TokenLabel",
  "OutputTensor",
  "Explanation",
  "TokenValue",
  "Completeness",
  "ExplainCost",
  "AliasGuard",
  "AliasMove",
  "AliasTargetReport",
  "MeasuredMinute",
  "ModelOffers",
  "HostedModel",
  "HostedVersion",
  "Engine",
  "Runner",
  "Lane",
  "TenantQueue",
  "LedgerDrift",
  "CacheDrift",
  "DriftedNumber",
  "JobItemCounts",
  "JobItem",
  "JobItemError",
  "JobItemPage",
  "JobPause",
  "JobFailure",
  "JobEstimate",
  "WebhookAttempt",
  "WebhookEventType",
  "WebhookEndpointWithSecret",
  // Versions of a plan have one id.
  "Plan",
  "PriceTier",
  "PlanLimit",
  "PlanChangePreview",
  "BillingDetails",
  "CreditBalance",
  "InvoiceDraft",
  "InvoiceLine",
  "InvoiceParty",
  "InvoiceLineExplanation",
  "ExplainedDay",
  "ExplainedPrice",
  "ExplainedTier",
  "UsageComparison",
  "UsageForecast",
  "MeterForecast",
  "UsageTick",
  "LimitAlert",
  "ErrorCount",
];

const credits = ["creditGrants", "creditBalance", "invoiceDraft"];

/** The lists that a mutation makes old: they are read again when they are next looked at. */
const outdates: Record<string, string[]> = {
  issueApiKey: ["apiKeys"],
  rotateApiKey: ["apiKeys"],
  revokeApiKey: ["apiKeys"],
  createTenant: ["tenants"],
  submitJob: ["jobs"],
  createWebhookEndpoint: ["webhookEndpoints"],
  deleteWebhookEndpoint: ["webhookEndpoints"],
  sendTestWebhook: ["webhookDeliveries"],
  changePlan: ["managedTenant", "tenant", "invoiceDraft", "previewPlanChange"],
  createPlan: ["plans", "planVersions"],
  createPlanVersion: ["plans", "planVersions", "previewPlanChange"],
  setTenantLimit: ["tenantLimits"],
  removeLimit: ["tenantLimits"],
  grantCredit: credits,
  issueInvoice: [...credits, "invoices"],
  voidInvoice: [...credits, "invoices"],
  issueCreditNote: ["invoices", "invoice"],
  setBillingDetails: ["billingDetails"],
  setBillingTerms: ["billingDetails", "invoiceDraft"],
};

const touched = Object.fromEntries(
  Object.entries(outdates).map(([mutation, fields]) => [
    mutation,
    (
      _result: unknown,
      _args: unknown,
      cache: {
        inspectFields(key: string): { fieldName: string; fieldKey: string }[];
        invalidate(key: string, field: string): void;
      },
    ) => {
      for (const { fieldName, fieldKey } of cache.inspectFields("Query"))
        if (fields.includes(fieldName)) cache.invalidate("Query", fieldKey);
    },
  ]),
);

/** A client of its own for each sign-in: nothing that one person read is left for the next. */
export function createGraphqlClient(onSignedOut: () => void): Client {
  return new Client({
    url: "/graphql",
    preferGetMethod: false,
    // Alone: an operation that was asked before is answered faster for it.
    fetchOptions: { headers: { accept: "application/json" } },
    exchanges: [
      mapExchange({ onResult: wholeOrNothing }),
      cacheExchange({
        keys: Object.fromEntries(embedded.map((name) => [name, withoutId])),
        updates: { Mutation: touched },
      }),
      authExchange((utilities) =>
        Promise.resolve({
          addAuthToOperation: (operation) => utilities.appendHeaders(operation, {}),
          didAuthError: (error) => codeOf(error) === "UNAUTHENTICATED",
          refreshAuth: async () => {
            // A network that fails is not a session that is over: what was asked fails, and says so.
            const isSignedIn = await refresh().catch(() => true);
            if (!isSignedIn) onSignedOut();
          },
        }),
      ),
      subscriptionExchange({ forwardSubscription: streamsOf(onSignedOut) }),
      fetchExchange,
    ],
  });
}

/** The cache puts null where a field failed, which no page expects of a field that cannot be null: then there is nothing. */
function wholeOrNothing(result: OperationResult): OperationResult {
  const { data, error } = result;
  const isBroken = error?.graphQLErrors.some(({ path }) => data?.[path?.[0] ?? ""] === null) ?? false;
  return isBroken || data === null ? { ...result, data: undefined } : result;
}

/** The code of the catalogue, or undefined where the gateway was not reached. */
export function codeOf(error: CombinedError): string | undefined {
  const code = error.graphQLErrors[0]?.extensions["code"];
  if (typeof code === "string") return code;
  return error.response?.status === 401 ? "UNAUTHENTICATED" : undefined;
}
