import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";

let gateway: TestGateway;
let browser: Browser;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

test("GraphiQL asks as the person who signed in to the dashboard", async () => {
  const tenant = await gateway.createTenant();
  const { page, complaints, close } = await visit(browser, gateway.url, sizes[1]);
  await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
  await page.locator("#content").waitFor();
  await page.goto("/graphiql");
  await page.getByRole("button", { name: /Execute query/ }).click();
  await page.getByText(tenant.ownerEmail).waitFor();
  expect(complaints).toEqual([]);
  await close();
});
