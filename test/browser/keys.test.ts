import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { greySquare } from "../support/people.ts";

let gateway: TestGateway;
let browser: Browser;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

describe.each(sizes)("at $name", (size) => {
  test("a key is issued, used, and revoked: then it is refused", async () => {
    const tenant = await gateway.createTenant();
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await goTo(page, "API keys");

    await page.getByRole("button", { name: "Issue key" }).click();
    await page.getByLabel("Name").fill("worker");
    await page.getByRole("dialog").getByRole("button", { name: "Issue key" }).click();
    const secret = await page.locator(".secret code").innerText();
    expect(secret).toMatch(/^tg_/);
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByText("worker", { exact: true }).waitFor();
    expect(await page.content()).not.toContain(secret);

    const machine = gateway.client(secret);
    const answer = await machine.infer({ model: "digits", inputs: [greySquare] });
    expect(answer.errors).toEqual([]);

    await page.getByRole("button", { name: "Actions for worker" }).click();
    await page.getByRole("menuitem", { name: "Revoke" }).click();
    await page.getByLabel("Type worker to confirm").fill("worker");
    await page.getByRole("button", { name: "Revoke for good" }).click();
    await page.getByText(/was revoked in \d+ ms/).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByText("Revoked", { exact: true }).waitFor();

    const isRefused = async () => {
      const refused = await machine.infer({ model: "digits", inputs: [greySquare] });
      return refused.errors[0]?.extensions.code === "UNAUTHENTICATED";
    };
    await eventually(isRefused, { withinMs: 1_000, what: "the revoked key to be refused" });
    expect(complaints).toEqual([]);
    await close();
  });
});
