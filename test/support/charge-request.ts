import fc from "fast-check";
import { newId } from "../../src/core/ids.ts";
import type { ChargeRequest, ChargeVerdict } from "../../src/domains/usage/charge.ts";

/** A charge as a gateway asks for it, of one model by one key unless told otherwise. */
export function chargeRequestOf(tenantId: string, quantity: number, rest: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    usageEventId: newId("usageEvent"),
    tenantId,
    inferenceId: newId("inference"),
    quantity,
    tokens: 0,
    explanations: 0,
    computeUs: 0,
    modelId: "mod_test",
    modelVersionId: (rest.modelId ?? "mod_test").replace("mod_", "mdv_"),
    apiKeyId: "key_test",
    userId: undefined,
    idempotencyKey: undefined,
    requestDigest: undefined,
    leaseMs: undefined,
    ...rest,
  };
}

export function kindsOf(verdicts: readonly ChargeVerdict[]): string[] {
  return verdicts.map((verdict) => verdict.kind);
}

export const idempotencyKeys = ["k0", "k1", "k2"] as const;

/** A request of one of three tenants: small ones and large ones, with and without a key. */
export const anyAsked = fc.record({
  tenant: fc.nat(2),
  quantity: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 4 }), weight: 3 }, fc.integer({ min: 5, max: 30 })),
  key: fc.option(fc.constantFrom(...idempotencyKeys), { nil: undefined }),
});
export type Asked = typeof anyAsked extends fc.Arbitrary<infer T> ? T : never;

/** Of three tenants; the last one may have no plan. */
export const anyQuotas = fc.tuple(fc.nat(40), fc.nat(40), fc.option(fc.nat(40), { nil: undefined, freq: 4 }));

export function requestOf({ tenant, quantity, key }: Asked, tenants: string[]): ChargeRequest {
  return chargeRequestOf(tenants[tenant] ?? "", quantity, {
    idempotencyKey: key,
    requestDigest: key === undefined ? undefined : "d",
  });
}
