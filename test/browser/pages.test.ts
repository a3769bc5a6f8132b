import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser, signInAs, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import { lookAt, seriousFindings } from "../support/look-at.ts";
import { greySquare } from "../support/people.ts";

const pages = [
  ["/", "Overview"],
  ["/playground", "Playground"],
  ["/models", "Models"],
  ["/keys", "API keys"],
  ["/billing", "Billing"],
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
  // Reached to nine tenths, so that it is told of; and once in the way, so that there is an error.
  await tenant.owner.ask("mutation($input: SetTenantLimitInput!) { setTenantLimit(input: $input) { id } }", {
    input: { limit: { kind: "QUOTA", meter: "inputs", period: "DAY", limit: 25 } },
  });
  await tenant.key.infer({ model: "digits", inputs: Array.from({ length: 20 }, () => greySquare) });
  await tenant.key.infer({ model: "mail", inputs: [{ text: "Subject: lunch" }, { text: "Subject: you have won" }] });
  await tenant.owner.infer({ model: "digits", inputs: [greySquare] });
  await tenant.key.infer({ model: "digits", inputs: Array.from({ length: 5 }, () => greySquare) });
  // Earlier hours, as they would have been counted: the figures of a day that nobody can wait for.
  await gateway.sql(
    `insert into usage_hourly
     select tenant_id, hour - make_interval(hours => n), meter, model_id, model_version_id, api_key_id, plan_version_id,
       quantity * (7 + (n * 37) % 61), amount_micros * (7 + (n * 37) % 61), events
     from usage_hourly, generate_series(1, 47) n
     where tenant_id = $1`,
    [tenant.id],
  );
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

describe.each(looks)("at $name", (look) => {
  test("every page is there, fits, and has no serious finding", async () => {
    const { page, complaints, close } = await visit(browser, gateway.url, look);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await page.locator("#content").waitFor();
    for (const [address, title] of pages) {
      await page.goto(address);
      await page.getByRole("heading", { name: title, level: 1 }).waitFor();
      await lookAt(page, title.toLowerCase().replaceAll(" ", "-"));
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
