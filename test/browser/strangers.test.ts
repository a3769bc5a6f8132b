import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeBareInvoice } from "../support/bare-invoice.ts";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";

let gateway: TestGateway;
let browser: Browser;
let mine: TestTenant;
let theirs: TestTenant;
let invoiceId: string;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
  [mine, theirs] = await Promise.all([gateway.createTenant("Mine"), gateway.createTenant("Theirs")]);
  ({ invoiceId } = await writeBareInvoice(gateway.sql, mine.id));
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

const signedIn = async (tenant: TestTenant, path?: string) => {
  const visited = await visit(browser, gateway.url, sizes[1]);
  await signInAs(visited.page, { email: tenant.ownerEmail, password: tenant.ownerPassword }, path);
  await visited.page.locator("#content").waitFor();
  return visited;
};

test("whoever opens the addresses of another tenant sees their own, and nothing of the other", async () => {
  const { page, close } = await signedIn(theirs);
  for (const path of [
    "/",
    "/keys",
    "/members",
    "/audit",
    "/settings",
    `/keys/${mine.apiKeyId}`,
    "/tenants",
    `/tenants/${mine.id}`,
    "/billing",
    `/billing/invoices/${invoiceId}`,
  ]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const text = await page.content();
    for (const secret of [mine.id, mine.apiKeyId, mine.ownerEmail, "INV-1"]) expect(text, path).not.toContain(secret);
  }
  await close();
});

test("who signs out leaves nothing behind for the next person at the same browser", async () => {
  const { page, close } = await signedIn(mine, "/keys");
  await page.getByText("test", { exact: true }).waitFor();
  await page.getByRole("button", { name: /Mine/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByLabel("Email").fill(theirs.ownerEmail);
  await page.getByLabel("Password", { exact: true }).fill(theirs.ownerPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await goTo(page, "API keys");
  await page.getByText("test", { exact: true }).waitFor();
  expect(await page.content()).not.toContain(mine.id);
  await close();
});

describe("the tokens of a session", () => {
  test("are out of reach of every script of the page", async () => {
    const { page, close } = await signedIn(mine);
    expect(await page.evaluate("document.cookie")).toBe("");
    const kept = await page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })");
    expect(kept).not.toMatch(/eyJ|tgr_/);
    const cookies = await page.context().cookies();
    expect(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([
      { httpOnly: true, sameSite: "Strict" },
      { httpOnly: true, sameSite: "Strict" },
    ]);
    await close();
  });

  test("are got anew when the access token is gone, and the person notices nothing", async () => {
    const { page, close } = await signedIn(mine);
    await page.context().clearCookies({ name: "tollgate_access" });
    await page.goto("/keys");
    await page.getByText("test", { exact: true }).waitFor();
    await close();
  });
});

test("the first load is less than 300 kB, compressed, fonts and all", async () => {
  const { page, close } = await visit(browser, gateway.url, sizes[1]);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await signInAs(page, { email: mine.ownerEmail, password: mine.ownerPassword });
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.locator(".chart svg").waitFor();
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(300_000);
  await close();
});
