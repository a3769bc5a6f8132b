import { Field, ID, InterfaceType } from "type-graphql";

/** Which type an id is of, by its prefix (core/ids.ts). */
const typeNames: Readonly<Record<string, string>> = {
  ten: "Tenant",
  key: "ApiKey",
  pln: "Plan",
  mod: "Model",
  mdv: "ModelVersion",
  als: "Alias",
  aud: "AuditEvent",
  whe: "WebhookEndpoint",
  whd: "WebhookDelivery",
  inf: "Inference",
  inv: "Invoice",
  crg: "CreditGrant",
};

@InterfaceType("Node", {
  description: "Anything that has an id of its own and can be looked up by it.",
  autoRegisterImplementations: false,
  resolveType: (node: { id: string }) => typeNames[node.id.split("_", 1)[0] ?? ""],
})
export abstract class NodeType {
  @Field(() => ID, { description: "The id: prefixed by what it names, and sortable by when it was made." })
  id: string;
}
