import type { Browser, Page } from "playwright-core";
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

const inputsShown = (page: Page) => page.locator(".figure-value").first().innerText();

describe.each(sizes)("at $name", (size) => {
  test("what a key uses shows on the overview within two seconds", async () => {
    const tenant = await gateway.createTenant();
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await page.getByText("Nothing was used in this period").waitFor();

    const inputs = [greySquare, greySquare, greySquare];
    expect((await tenant.key.infer({ model: "digits", inputs })).errors).toEqual([]);
    const isShown = async () => (await inputsShown(page)) === "3";
    await eventually(isShown, { withinMs: 2_000, what: "three inputs on the overview" });
    await page.getByRole("table", { name: "Usage by model" }).getByText("digits").waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  test("a mail is asked about in the playground, answered, and charged as one input", async () => {
    const tenant = await gateway.createTenant();
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await goTo(page, "Playground");
    await page.getByRole("combobox", { name: "Model" }).click();
    await page.getByRole("option", { name: "mail", exact: true }).click();
    await page.getByLabel("Text").fill("Subject: lunch\n\nShall we meet at noon?");
    await page.getByRole("button", { name: "Ask mail" }).click();
    await page.locator(".verdict-label").waitFor();
    await page.getByText("1 inputs").waitFor();
    const charged = await gateway.sql(
      "select sum(quantity)::int as inputs from usage_events where tenant_id = $1 and meter = 'inputs'",
      [tenant.id],
    );
    expect(charged).toEqual([{ inputs: 1 }]);
    expect(complaints).toEqual([]);
    await close();
  });

  test("a digit that was drawn is read", async () => {
    const tenant = await gateway.createTenant();
    const { page, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword }, "/playground");
    const pad = page.locator("canvas");
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox();
    if (box === null) throw new Error("There is nothing to draw on.");
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.18);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.82, { steps: 12 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Ask digits" }).click();
    expect(await page.locator(".verdict-label").innerText()).toBe("1");
    await close();
  });
});
