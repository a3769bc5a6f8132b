import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BillingHouse, openBillingHouse } from "../support/billing-house.ts";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { lookAt } from "../support/look-at.ts";
import { tenantWithBooks } from "../support/tenant-with-books.ts";

let gateway: TestGateway;
let browser: Browser;
let house: BillingHouse;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
  house = await openBillingHouse({ url: gateway.databaseUrl, drop: () => Promise.resolve() });
});

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await gateway?.close();
});

const operator = async (): Promise<{ email: string; password: string }> => {
  const email = `${randomBytes(6).toString("hex")}@operators.example`;
  const { password } = await gateway.app.people.operators.createOperator({ email });
  return { email, password };
};

const choose = async (page: Page, label: string, option: string | RegExp, within = page.locator("body")) => {
  await within.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option }).click();
};

const makePlan = async (page: Page, name: string) => {
  await goTo(page, "Plans");
  await page.getByRole("link", { name: "New plan" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Fee of a period, EUR").fill("300");
  const price = page.getByRole("group", { name: "Price 1" });
  await choose(page, "Scheme", "Graduated tiers", price);
  await price.getByLabel("Included").fill("5000");
  await price.getByRole("button", { name: "Add a tier" }).click();
  await price.getByLabel("End of tier 1").fill("50000");
  await price.getByLabel("Price of one in tier 1").fill("0.002");
  await price.getByLabel("Price of one in tier 2").fill("0.0015");
  await page.getByRole("group", { name: "Limit 1" }).getByLabel("Units").fill("1000000");
  await lookAt(page, "plan-form");
  await page.getByRole("button", { name: "Make the plan" }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  await page.getByText("1 to 50,000: €0.002 each").waitFor();
};

describe.each(sizes)("at $name", (size) => {
  test("an operator makes a plan and its next version, moves a tenant, and grants, limits and invoices it; the tenant sees it", async () => {
    const name = `Harbour${size.width}`;
    const { tenant } = await tenantWithBooks(gateway, house, name);
    const planName = `wide-${size.width}`;
    const above = await visit(browser, gateway.url, size);
    const { page } = above;
    await signInAs(page, await operator());
    await makePlan(page, planName);
    await page.getByRole("link", { name: "New version" }).click();
    await page.getByLabel("Fee of a period, EUR").fill("310");
    await page.getByRole("button", { name: "Make version 2" }).click();
    await page.getByRole("heading", { name: "Version 2" }).waitFor();
    await page.getByText("€310.00").first().waitFor();
    await lookAt(page, "plan");
    await goTo(page, "Plans");
    await page.getByRole("link", { name: planName }).waitFor();
    await lookAt(page, "plans");

    await goTo(page, "Tenants");
    await page.getByRole("link", { name }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await lookAt(page, "tenant");

    await page.getByRole("button", { name: "Change plan" }).click();
    const dialog = page.getByRole("dialog");
    await choose(page, "To", new RegExp(`${planName} v2, €310.00`), dialog);
    await dialog.getByText("The fees of the running period stay as they are").waitFor();
    await dialog.getByText("Now", { exact: true }).click();
    // From the 24th of 30 days on, or whichever day it is: the old fee's rest comes back, the new one's share is asked for.
    await dialog.getByText(/The running period's fees change by €\d/).waitFor();
    await dialog.getByText(`${planName} v2: flat fee`, { exact: false }).waitFor();
    await lookAt(page, "change-plan");
    await dialog.getByRole("button", { name: "Change plan" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText("1 to 50,000: €0.002 each").waitFor();

    await page.getByRole("button", { name: "Grant credit" }).click();
    await dialog.getByLabel("Amount, EUR").fill("12.50");
    await dialog.getByLabel("Reason").fill("for the outage");
    await dialog.getByRole("button", { name: "Grant credit" }).click();
    await page.getByText("for the outage").waitFor();

    await page.getByRole("button", { name: "Set limit" }).click();
    await choose(page, "Kind", "Concurrency limit", dialog);
    await dialog.getByLabel("Requests at once").fill("7");
    await dialog.getByRole("button", { name: "Set limit" }).click();
    await page.getByText("The tenant, by an operator").waitFor();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await dialog.getByRole("button", { name: "Remove limit" }).click();
    await page.getByText("None: those of its plan hold.").waitFor();

    // October has its invoice: it is taken back, and issued anew from here.
    await page.getByRole("table", { name: "Invoices" }).getByRole("link").click();
    await page.getByRole("button", { name: "Void", exact: true }).click();
    await dialog.getByLabel("Reason").fill("wrong address");
    await dialog.getByRole("button", { name: "Void for good" }).click();
    await page.getByText("“wrong address”").waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Issue invoice" }).click();
    await dialog.getByRole("button", { name: "Issue invoice" }).click();
    await dialog.getByText(/The period ends at 2\d{3}-/).waitFor();
    await dialog.getByLabel("Any day of the period").fill("2026-10-15");
    await dialog.getByRole("button", { name: "Issue invoice" }).click();
    await page.getByText(/^INV-\w+-00002$/).waitFor();
    await page.getByRole("button", { name: "Mark as paid" }).click();
    await dialog.getByLabel("Reference").fill("bank 42");
    await dialog.getByRole("button", { name: "Mark as paid" }).click();
    await page.getByText(/^Paid on .*, by bank 42\.$/).waitFor();
    await page.getByRole("button", { name: "Credit note" }).click();
    await dialog.getByLabel("Reason").fill("goodwill");
    await dialog.getByText("Some lines").click();
    await dialog.getByLabel(/flat fee/).fill("3.19");
    await lookAt(page, "credit-note");
    await dialog.getByRole("button", { name: "Issue credit note" }).click();
    await page.getByRole("link", { name: /^CRN-/ }).waitFor();
    await lookAt(page, "invoice-above");
    await goTo(page, "Invoices");
    await page.getByRole("link", { name: /^CRN-/ }).first().waitFor();
    await lookAt(page, "invoices");
    expect(above.complaints).toEqual([]);
    await above.close();

    const below = await visit(browser, gateway.url, size);
    await signInAs(below.page, { email: tenant.ownerEmail, password: tenant.ownerPassword }, "/billing");
    await below.page.getByText("for the outage").waitFor();
    await below.page.getByText("Void", { exact: true }).waitFor();
    await below.page.getByText("Paid", { exact: true }).waitFor();
    await below.page.getByText(`${planName} v2`, { exact: true }).waitFor();
    expect(below.complaints).toEqual([]);
    await below.close();
  });
});
