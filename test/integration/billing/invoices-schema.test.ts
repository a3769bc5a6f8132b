import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { knock } from "../../support/door.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";
import type { GraphqlClient } from "../../support/graphql-client.ts";
import { greySquare } from "../../support/people.ts";

let gateway: TestGateway;
let operator: GraphqlClient;
let tenant: TestTenant;

// The ledger's clock: usage is in October, and invoices are asked for when November has come.
const setNow = async (now: string) => {
  await gateway.sql(
    `create or replace function tollgate_now() returns timestamptz language sql volatile as $$ select timestamptz '${now}' $$`,
  );
};

beforeAll(async () => {
  gateway = await startTestGateway({ SELLER_NAME: "Models GmbH", SELLER_ADDRESS: "Hafenstr. 1 | Hamburg" });
  operator = await gateway.createOperator();
  tenant = await gateway.createTenant("Acme");
  await gateway.sql("update tenants set created_at = '2026-10-02' where id = $1", [tenant.id]);
  await gateway.sql("update subscriptions set starts_at = '2026-10-02' where tenant_id = $1", [tenant.id]);
  await gateway.sql("select make_usage_month('2026-10-01')");
  await setNow("2026-10-10T10:00:00Z");
  for (let asked = 0; asked < 3; asked++) {
    expect((await tenant.key.infer({ model: "digits", inputs: [greySquare, greySquare] })).errors).toEqual([]);
  }
  await setNow("2026-11-02T10:00:00Z");
});

afterAll(async () => {
  await gateway.close();
});

const invoiceFields = `id number kind state startsAt endsAt currency subtotal tax credits total pdfPath csvPath
  seller { name address } customer { name address taxId } reason correctsId paymentReference
  lines { id kind description meter tier quantity unitPrice exactAmount amount recompute }`;

const mutate = (name: string, type: string, fields = invoiceFields) => [
  `mutation($input: ${type}!) { ${name}(input: $input) { ${fields} } }`,
];
const ask = async (client: GraphqlClient, [query = ""]: string[], input: Record<string, unknown>) =>
  await client.ask(query, { input });

describe("a month of a tenant, from its usage to its invoice", () => {
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the query's own
  let invoice: any;

  test("the owner sets to whom it is addressed, and the operator how it is taxed", async () => {
    await ask(tenant.owner, mutate("setBillingDetails", "SetBillingDetailsInput", "name"), {
      name: "Acme SARL",
      address: "1 Rue de l'École\nParis",
      taxId: "FR1",
    });
    await ask(operator, mutate("setBillingTerms", "SetBillingTermsInput", "taxRatePpm"), {
      tenantId: tenant.id,
      taxRatePpm: 200_000,
    });
    const { data } = await tenant.owner.ask("{ billingDetails { name address taxId currency taxRatePpm anchorDay } }");
    expect(data.billingDetails).toEqual({
      ...{ name: "Acme SARL", address: "1 Rue de l'École\nParis", taxId: "FR1" },
      ...{ currency: "USD", taxRatePpm: 200_000, anchorDay: 1 },
    });
  });

  test("the anchor day stays as it is, for there is usage", async () => {
    const input = { tenantId: tenant.id, anchorDay: 15 };
    const refusal = await operator.refusal(mutate("setBillingTerms", "SetBillingTermsInput", "anchorDay")[0] ?? "", {
      input,
    });
    expect(refusal.extensions.code).toBe("CONFLICT");
  });

  test("the draft follows what was used, to the micro-unit", async () => {
    const { data } = await tenant.owner.ask(
      "{ invoiceDraft { startsAt issuableAt lines { id quantity exactAmount amount } total } }",
    );
    expect(data.invoiceDraft).toEqual({
      startsAt: "2026-10-01T00:00:00.000Z",
      issuableAt: "2026-11-01T01:00:00.000Z",
      lines: [{ id: null, quantity: "6", exactAmount: "600", amount: "0" }],
      total: "0",
    });
  });

  test("the operator issues it, and whoever may read invoices sees it", async () => {
    ({ issueInvoice: invoice } = (
      await ask(operator, mutate("issueInvoice", "IssueInvoiceInput"), { tenantId: tenant.id })
    ).data);
    expect(invoice).toMatchObject({
      kind: "INVOICE",
      state: "ISSUED",
      startsAt: "2026-10-01T00:00:00.000Z",
      endsAt: "2026-11-01T00:00:00.000Z",
      seller: { name: "Models GmbH", address: "Hafenstr. 1\nHamburg" },
      customer: { name: "Acme SARL" },
      lines: [{ kind: "USAGE", meter: "inputs", quantity: "6", unitPrice: "100", exactAmount: "600", amount: "0" }],
    });
    for (const client of [tenant.owner, tenant.key, operator]) {
      const { data } = await client.ask(
        `{ invoices { nodes { id } } invoice(id: "${invoice.id}") { number } node(id: "${invoice.id}") { id } }`,
      );
      expect(data).toEqual({
        invoices: { nodes: [{ id: invoice.id }] },
        invoice: { number: invoice.number },
        node: { id: invoice.id },
      });
    }
  });

  test("its line is explained by day and price version, and its SQL recomputes it", async () => {
    const [line] = invoice.lines;
    const { data } = await tenant.owner.ask(
      `{ explainInvoiceLine(id: "${line.id}") { quantity amount days { day quantity amount events } price { plan version scheme unitPrice included } line { id } invoice { id } } }`,
    );
    expect(data.explainInvoiceLine).toEqual({
      quantity: "6",
      amount: "600",
      days: [{ day: "2026-10-10T00:00:00.000Z", quantity: "6", amount: "600", events: 3 }],
      price: { plan: "standard", version: 1, scheme: "PER_UNIT", unitPrice: "100", included: "0" },
      line: { id: line.id },
      invoice: { id: invoice.id },
    });
    expect(await gateway.sql(line.recompute)).toEqual([{ events: "3", quantity: "6", amount_micros: "600" }]);
  });

  test("it can be had as PDF and as CSV, with the same credential", async () => {
    const get = (path: string, credential: string) =>
      knock(gateway.url, path, { headers: { authorization: `Bearer ${credential}` } });
    for (const client of [tenant.owner, tenant.key, operator]) {
      const [pdf, csv] = [await get(invoice.pdfPath, client.credential), await get(invoice.csvPath, client.credential)];
      expect([pdf.status, pdf.headers.get("content-type"), pdf.text.slice(0, 5)]).toEqual([
        200,
        "application/pdf",
        "%PDF-",
      ]);
      expect(csv.headers.get("content-disposition")).toBe(`attachment; filename="${invoice.number}.csv"`);
      expect(csv.text).toContain(`${invoice.number},1,USAGE,inputs (standard v1),inputs,`);
    }
  });

  test("a void invoice makes room for a new one with the next number", async () => {
    const voided = (
      await ask(operator, mutate("voidInvoice", "VoidInvoiceInput"), { id: invoice.id, reason: "wrong address" })
    ).data.voidInvoice;
    expect(voided).toMatchObject({ state: "VOID", reason: "wrong address" });
    const again = (
      await operator.ask(mutate("issueInvoice", "IssueInvoiceInput")[0] ?? "", {
        input: { tenantId: tenant.id, at: "2026-10-15T00:00:00Z" },
      })
    ).data.issueInvoice;
    expect(again.number).toMatch(/-00002$/);
    expect(again.lines.map((line: { exactAmount: string }) => line.exactAmount)).toEqual(["600"]);
    const paid = (
      await ask(operator, mutate("markInvoicePaid", "MarkInvoicePaidInput"), { id: again.id, reference: "SEPA 1" })
    ).data.markInvoicePaid;
    expect(paid).toMatchObject({ state: "PAID", paymentReference: "SEPA 1" });
  });

  test("every step stands in the audit log of the tenant", async () => {
    const { data } = await tenant.owner.ask("{ auditEvents(first: 50) { nodes { action } } }");
    expect(data.auditEvents.nodes.map((one: { action: string }) => one.action)).toEqual(
      expect.arrayContaining([
        "billing_details.set",
        "billing_terms.set",
        "invoice.issued",
        "invoice.voided",
        "invoice.paid",
      ]),
    );
  });
});

describe("refused with its code, and nothing else:", () => {
  test.each([
    ["issueInvoice", "IssueInvoiceInput", { tenantId: "ten_x" }],
    ["voidInvoice", "VoidInvoiceInput", { id: "inv_x", reason: "x" }],
    ["issueCreditNote", "IssueCreditNoteInput", { id: "inv_x", reason: "x" }],
    ["markInvoicePaid", "MarkInvoicePaidInput", { id: "inv_x" }],
    ["grantCredit", "GrantCreditInput", { tenantId: "ten_x", amount: "10000", reason: "x" }],
    ["setBillingTerms", "SetBillingTermsInput", { tenantId: "ten_x", taxRatePpm: 1 }],
  ])("%s is for operators, and of what is not there NOT_FOUND to them", async (name, type, input) => {
    const [query = ""] = mutate(name, type, "__typename");
    expect((await tenant.owner.refusal(query, { input })).extensions.code).toBe("FORBIDDEN");
    expect((await operator.refusal(query, { input })).extensions.code).toBe("NOT_FOUND");
  });

  test.each([
    ["an amount that cannot be paid", { amount: "5000", reason: "x" }],
    ["nothing", { amount: "0", reason: "x" }],
    ["a grant that has expired", { amount: "10000", reason: "x", expiresAt: "2020-01-01T00:00:00Z" }],
    ["a priority out of range", { amount: "10000", reason: "x", priority: 101 }],
    ["no reason", { amount: "10000", reason: "  " }],
  ])("a grant of %s", async (_what, wanted) => {
    const input = { tenantId: tenant.id, ...wanted };
    const refusal = await operator.refusal(mutate("grantCredit", "GrantCreditInput", "id")[0] ?? "", { input });
    expect(refusal.extensions.code).toBe("INVALID_INPUT");
    expect(await gateway.sql("select 1 from credit_grants where tenant_id = $1", [tenant.id])).toEqual([]);
  });

  test.each([
    ["an empty name", { name: " " }],
    ["a name in two lines", { name: "a\nb" }],
    ["an address of nine lines", { name: "a", address: "1\n2\n3\n4\n5\n6\n7\n8\n9" }],
  ])("billing details with %s", async (_what, input) => {
    const [query = ""] = mutate("setBillingDetails", "SetBillingDetailsInput", "name");
    expect((await tenant.owner.refusal(query, { input })).extensions.code).toBe("INVALID_INPUT");
  });

  test("an operator who does not say of which tenant", async () => {
    for (const field of ["invoiceDraft { total }", "creditBalance { amount }", "billingDetails { name }"]) {
      expect((await operator.refusal(`{ ${field} }`)).extensions.code).toBe("INVALID_INPUT");
    }
  });

  test("an invoice as a file, without a credential, without the permission, of another tenant, and of no known kind", async () => {
    const stranger = await gateway.createTenant("Stranger");
    const [row] = await gateway.sql("select id from invoices where tenant_id = $1", [tenant.id]);
    const get = async (path: string, credential?: string) => {
      const answer = await knock(
        gateway.url,
        path,
        credential === undefined ? {} : { headers: { authorization: `Bearer ${credential}` } },
      );
      return answer.json.errors[0].extensions.code;
    };
    const issued = await tenant.owner.ask(
      "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret } }",
      { input: { name: "no invoices", permissions: ["inferences:create"] } },
    );
    expect(await get(`/invoices/${row?.id}.pdf`)).toBe("UNAUTHENTICATED");
    expect(await get(`/invoices/${row?.id}.pdf`, issued.data.issueApiKey.secret)).toBe("FORBIDDEN");
    expect(await get(`/invoices/${row?.id}.pdf`, stranger.secret)).toBe("NOT_FOUND");
    expect(await get(`/invoices/${row?.id}.exe`, tenant.secret)).toBe("NOT_FOUND");
    expect(await get("/invoices/inv_x.csv", tenant.secret)).toBe("NOT_FOUND");
  });
});
