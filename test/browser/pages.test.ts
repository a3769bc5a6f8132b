import path from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, signInAs, visit } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import { greySquare } from "../support/people.ts";

// biome-ignore lint/style/noProcessEnv: a variable of the tests must not be one of the product's.
const screenshots = process.env["TEST_SCREENSHOTS"];

const pages = [
  ["/", "Overview"],
  ["/playground", "Playground"],
  ["/models", "Models"],
  ["/keys", "API keys"],
  ["/members", "Members"],
  ["/audit", "Audit log"],
  ["/settings", "Settings"],
  ["/nowhere", "Nothing here"],
] as const;

const looks = [
  { name: "360 px", width: 360, height: 740, colorScheme: "light" },
  { name: "1280 px", width: 1280, height: 860, colorScheme: "light" },
  { name: "1280 px in the dark", width: 1280, height: 860, colorScheme: "dark" },
  { name: "2560 px", width: 2560, height: 1440, colorScheme: "light" },
] as const;

let gateway: TestGateway;
let browser: Browser;
let tenant: TestTenant;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
  tenant = await gateway.createTenant("Harbour");
  await tenant.key.infer({ model: "digits", inputs: Array.from({ length: 20 }, () => greySquare) });
  await tenant.key.infer({ model: "mail", inputs: [{ text: "Subject: lunch" }, { text: "Subject: you have won" }] });
  await tenant.owner.infer({ model: "digits", inputs: [greySquare] });
  // Earlier hours, as they would have been counted: the figures of a day that nobody can wait for.
  await gateway.sql(
    `insert into usage_hourly
     select tenant_id, hour - make_interval(hours => n), meter, model_id, model_version_id, api_key_id, plan_version_id,
       quantity * (7 + (n * 37) % 61), amount_micros * (7 + (n * 37) % 61), events
     from usage_hourly, generate_series(1, 23) n
     where tenant_id = $1`,
    [tenant.id],
  );
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

interface Finding {
  id: string;
  impact: string;
  targets: string[];
}

async function seriousFindings(page: Page): Promise<Finding[]> {
  // Through the debugger, which the page's own policy does not bind.
  return (await page.evaluate(`${axe.source}; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))`)) as Finding[];
}

async function settled(page: Page): Promise<void> {
  const isQuiet = async () => (await page.locator("[aria-busy=true]").count()) === 0;
  await eventually(isQuiet, { withinMs: 10_000, what: "the page to have loaded" });
}

describe.each(looks)("at $name", (look) => {
  test("every page is there, fits, and has no serious finding", async () => {
    const { page, complaints, close } = await visit(browser, gateway.url, look);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await page.locator("#content").waitFor();
    for (const [address, title] of pages) {
      await page.goto(address);
      await page.getByRole("heading", { name: title, level: 1 }).waitFor();
      await settled(page);
      if (screenshots !== undefined) {
        const name = `${look.width}-${look.colorScheme}-${title.toLowerCase().replaceAll(" ", "-")}.png`;
        await page.screenshot({ path: path.join(screenshots, name), fullPage: look.width < 500 });
      }
      const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      expect(overflow, `${title} is wider than the screen`).toBeLessThanOrEqual(0);
      expect(await seriousFindings(page), title).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await close();
  });
});

test("the way in has no serious finding, and says what is wrong when it is not let in", async () => {
  const { page, close } = await visit(browser, gateway.url, looks[0]);
  await page.goto("/keys");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await signInAs(page, { email: tenant.ownerEmail, password: "not the password" }, "/keys");
  await page.getByRole("alert").getByText("The email or the password is wrong").waitFor();
  await close();
});
