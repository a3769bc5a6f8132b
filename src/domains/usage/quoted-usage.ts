/** What would be used, by meter, in the ledger's units. */
export interface QuotedUsage {
  inputs: number;
  tokens: number;
  explanations: number;
  computeUs: number;
}
