/** To whom a tenant's invoices are addressed. Texts may be empty, but for the name. */
export interface BillingDetails {
  name: string;
  /** In lines. */
  address: string;
  taxId: string;
  email: string;
}

/** How a tenant is billed. What is undefined stays as it is. */
export interface BillingTermsChange {
  taxRatePpm: number | undefined;
  anchorDay: number | undefined;
}
