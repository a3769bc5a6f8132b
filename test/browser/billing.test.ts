import { readFile } from "node:fs/promises";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BillingHouse, openBillingHouse } from "../support/billing-house.ts";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { lookAt } from "../support/look-at.ts";
import { type BooksOfTenant, tenantWithBooks } from "../support/tenant-with-books.ts";

let gateway: TestGateway;
let browser: Browser;
let house: BillingHouse;
let books: BooksOfTenant;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
  house = await openBillingHouse({ url: gateway.databaseUrl, drop: () => Promise.resolve() });
  books = await tenantWithBooks(gateway, house, "Harbour");
});

afterAll(async () => {
  await browser?.close();
  await house?.close();
  await gateway?.close();
});

const saved = async (page: Page, name: string): Promise<{ download: Download; text: string }> => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
  return { download, text: await readFile(await download.path(), "latin1") };
};

describe.each(sizes)("at $name", (size) => {
  test("finance opens an invoice down to its days, and takes it away as CSV and PDF", async () => {
    const finance = await books.member("FINANCE");
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, finance, "/billing");
    await page.getByText("This period so far").waitFor();
    await lookAt(page, "billing");
    await page.getByRole("table", { name: "Invoices" }).getByRole("link").last().click();
    await page.getByRole("heading", { name: books.invoiceNumber, level: 1 }).waitFor();
    await page.getByText("€147.39").first().waitFor();

    await page.getByRole("button", { name: /inputs \(harbour v1\).*tier 2/ }).click();
    const daily = page.getByRole("table", { name: "Daily totals" });
    await daily.getByText("12 Oct 2026").waitFor();
    expect(await daily.getByRole("row").count()).toBe(1 + books.octoberDays);
    await page.getByText("In all 123,457 for €107.468635", { exact: false }).waitFor();
    await lookAt(page, "invoice");

    const csv = await saved(page, "CSV");
    expect(csv.download.suggestedFilename()).toMatch(/\.csv$/);
    expect(csv.text).toContain(`${books.invoiceNumber},3,USAGE`);
    // The token that a page holds runs out after a quarter of an hour; a download is not refused for it.
    await page.context().clearCookies({ name: "tollgate_access" });
    const pdf = await saved(page, "PDF");
    expect(pdf.text.slice(0, 5)).toBe("%PDF-");
    expect(complaints).toEqual([]);
    await close();
  });

  test("finance says to whom invoices are addressed", async () => {
    const finance = await books.member("FINANCE");
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, finance);
    await goTo(page, "Billing");
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Address").fill(`Pier ${size.width}\n20457 Hamburg`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(`Pier ${size.width}`).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});
