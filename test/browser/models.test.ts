import { readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import { lookAt } from "../support/look-at.ts";
import { itsNumbers, numberInput, numbersOf, RegistryClient, timesFile } from "../support/registry.ts";

let gateway: TestGateway;
let browser: Browser;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

const onnx = (name: string, bytes: Uint8Array) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(bytes),
});

async function choose(page: Page, files: ReturnType<typeof onnx>[]): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.locator("input[type=file]").setInputFiles(files);
  await dialog.getByRole("button", { name: "Register", exact: true }).click();
}

/** By day and by night. */
async function lookTwice(page: Page, name: string): Promise<void> {
  await lookAt(page, name);
  await page.emulateMedia({ colorScheme: "dark" });
  await lookAt(page, name);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Which of the factors the model multiplies by, asked as its callers ask. */
async function factorsSeen(tenant: TestTenant): Promise<number> {
  const answer = await tenant.key.infer({ model: "scaler", inputs: [numberInput(1)] }, `outputs { ${itsNumbers} }`);
  return numbersOf(answer.data.infer.outputs[0])[0] ?? 0;
}

describe.each(sizes)("at $name", (size) => {
  test("a version is uploaded, tried out on some, given to all, and rolled back; a file that is no model is refused readably", async () => {
    const tenant = await gateway.createTenant("Harbour");
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await goTo(page, "Models");
    await page.getByRole("link", { name: "digits" }).waitFor();
    await lookAt(page, "models");

    // The first version, of a model that does not exist yet.
    await page.getByRole("button", { name: "Register a version" }).click();
    await page.getByLabel("Model", { exact: true }).fill("scaler");
    await choose(page, [onnx("scaler.onnx", timesFile(2))]);
    await page.getByText("Version 1 of").waitFor();
    await lookAt(page, "registered");
    await page.getByRole("dialog").getByRole("link", { name: "scaler" }).click();
    await page.getByRole("heading", { name: "scaler", level: 1 }).waitFor();

    // One that is no model is refused, and the reason stands there; nothing has moved.
    await page.getByRole("button", { name: "Register a version" }).click();
    await choose(page, [onnx("broken.onnx", new TextEncoder().encode("this is a text, and no model"))]);
    await page.getByRole("alert").getByText("It was not accepted").waitFor();
    const reason = await page.getByRole("alert").locator("p").last().innerText();
    await lookAt(page, "refused");
    await page.getByRole("button", { name: "Try another file" }).click();
    await choose(page, [onnx("scaler-3.onnx", timesFile(3))]);
    await page.getByText("Version 3 of").waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("table", { name: "Versions of scaler" }).getByText(reason).waitFor();

    // In two clicks each.
    const alias = page.getByRole("article", { name: "Alias stable" });
    await alias.getByText("version 1", { exact: true }).first().waitFor();
    await alias.getByRole("button", { name: "Start canary" }).click();
    await page.getByRole("button", { name: "Send 5 % to version 3" }).click();
    await alias.getByText("version 1: 95 %, version 3: 5 %").first().waitFor();
    await alias.getByText("Guarded: 5 % of its requests may fail").waitFor();
    await alias.getByRole("button", { name: "Move up to 25 %" }).click();
    await page.getByRole("button", { name: "Send 25 % to version 3" }).click();
    await alias.getByText("version 1: 75 %, version 3: 25 %").first().waitFor();
    await alias.getByText("Guarded: 5 % of its requests may fail").waitFor();
    for (let i = 0; i < 5; i++) expect([2, 3]).toContain(await factorsSeen(tenant));
    await page.reload();
    await alias.getByText("over all gateways").first().waitFor();
    await lookTwice(page, "model");
    await alias.getByRole("button", { name: "Finish" }).click();
    await page.getByRole("button", { name: "Send all to version 3" }).click();
    await alias.getByText("version 3", { exact: true }).first().waitFor();
    expect(await factorsSeen(tenant)).toBe(3);
    await alias.getByRole("button", { name: "Roll back" }).click();
    await page.getByRole("button", { name: "Roll back now" }).click();
    await alias.getByText("version 1: 75 %, version 3: 25 %").first().waitFor();

    // What somebody else has moved meanwhile is not moved by what one saw before.
    await alias.getByRole("button", { name: "Roll back" }).click();
    await new RegistryClient(tenant.owner).point({
      model: "scaler",
      alias: "stable",
      targets: [{ version: 3, weight: 1 }],
    });
    await page.getByRole("button", { name: "Roll back now" }).click();
    await page.getByRole("alert").getByText("Nothing was moved").waitFor();
    await page.getByRole("button", { name: "Look again" }).click();
    await alias.getByText("version 3", { exact: true }).first().waitFor();

    // What no alias points at can be retired.
    await page.getByRole("button", { name: "Actions for version 1" }).click();
    await page.getByRole("menuitem", { name: "Retire" }).click();
    await page.getByRole("button", { name: "Retire for good" }).click();
    await page.getByRole("table", { name: "Versions of scaler" }).getByText("Retired").waitFor();
    expect(complaints).toEqual([]);
    await close();

    // Whoever knows the address and is of another tenant finds nothing there.
    const stranger = await gateway.createTenant("Stranger");
    const other = await visit(browser, gateway.url, size);
    await signInAs(other.page, { email: stranger.ownerEmail, password: stranger.ownerPassword }, "/models/scaler");
    await other.page.getByRole("alert").getByText("There is no such thing here").waitFor();
    expect(await other.page.getByRole("table").count()).toBe(0);
    await other.close();
  });

  test("numbers, a digit and a mail are asked about, explained at the price that was told, and tagged", async () => {
    const tenant = await gateway.createTenant("Harbour");
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword }, "/playground");
    const explain = async (method: string) => {
      await page.getByRole("combobox", { name: "Explain the answer" }).click();
      await page.getByRole("option", { name: method }).click();
    };
    const inputsCharged = async () => {
      const [row] = await gateway.sql(
        "select coalesce(sum(quantity), 0)::int as inputs from usage_events where tenant_id = $1 and meter = 'inputs'",
        [tenant.id],
      );
      return row?.["inputs"];
    };

    const seven = path.resolve(import.meta.dirname, "../../examples/digits/73-7.png");
    await page.locator("input[type=file]").setInputFiles({
      name: "seven.png",
      mimeType: "image/png",
      buffer: readFileSync(seven),
    });
    await explain("Occlusion");
    const price = await page.getByText(/Explaining runs \d+ changed inputs/).innerText();
    const [, told] = /(\d+) inputs are charged, \$/.exec(price) ?? [];
    await page.getByRole("button", { name: "Ask digits" }).click();
    await page.getByRole("img", { name: /red where it spoke for 7/ }).waitFor();
    expect(await page.locator(".verdict-label").innerText()).toBe("7");
    expect(await inputsCharged()).toBe(Number(told));
    await page.getByRole("tab", { name: "Python" }).click();
    await page.getByText("urllib.request.urlopen").waitFor();
    await lookTwice(page, "playground-digit");

    await page.goto("/playground?model=mail");
    await page.getByLabel("Text").fill("Subject: You have won a FREE prize!!!\n\nClick here to claim your money now.");
    await explain("SHAP");
    await page.getByText(/Explaining runs \d+ changed inputs/).waitFor();
    await page.getByRole("button", { name: "Ask mail" }).click();
    await page.getByText("Strongest:").waitFor();
    await lookTwice(page, "playground-mail");

    await page.goto("/playground?model=tags");
    await page
      .getByLabel("Text")
      .fill(
        "Meet Anna Brown on 3 June 2002, write to anna@harbour.example or see http://harbour.example. It costs $45.",
      );
    await page.getByRole("button", { name: "Ask tags" }).click();
    await page.locator("mark", { hasText: "anna@harbour.example" }).getByText("email").waitFor();
    await lookTwice(page, "playground-tags");

    await new RegistryClient(tenant.owner).register("scaler", timesFile(2));
    await page.goto("/playground?model=scaler");
    await page.getByLabel("Numbers for x").fill("[21");
    await page.getByText("This is not JSON").waitFor();
    await page.getByLabel("Numbers for x").fill("[21]");
    await page.getByRole("button", { name: "Ask scaler" }).click();
    await page.getByRole("region", { name: "The numbers of y" }).getByText("42", { exact: true }).waitFor();
    await lookAt(page, "playground-numbers");
    expect(complaints).toEqual([]);
    await close();
  });

  test("an operator sees runners, lanes and drift, every tenant's models, and offers one of the platform's", async () => {
    const tenant = await gateway.createTenant(`Harbour-${size.width}`);
    await new RegistryClient(tenant.owner).register("private", timesFile(2));
    await tenant.key.infer({ model: "private", inputs: [numberInput(1)] });
    await tenant.key.infer({ model: "mail", inputs: [{ text: "Subject: lunch" }] });
    const operator = { email: `op${size.width}@operators.example` };
    const { password } = await gateway.app.people.operators.createOperator(operator);
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { ...operator, password });
    await goTo(page, "Engine");
    const runners = page.getByRole("table", { name: "Runners" });
    await runners.getByText("Spare").waitFor();
    await runners.getByText(`Harbour-${size.width}`).waitFor();
    const lane = page.getByRole("table", { name: "Lanes" }).getByRole("row", { name: `of Harbour-${size.width}` });
    await lane.getByText("private/1").waitFor();
    await page
      .getByText("This gateway has not looked since it started.")
      .or(page.getByText("As it should be").first())
      .waitFor();
    await page.getByRole("button", { name: "Look now" }).click();
    const caches = page.getByRole("table", { name: "Caches of the ledger" });
    await eventually(async () => (await caches.getByText("As it should be").count()) === 3, {
      withinMs: 10_000,
      what: "three caches as they should be",
    });
    await lookTwice(page, "engine");
    await gateway.sql("update usage_hourly set events = events + 1 where tenant_id = $1", [tenant.id]);
    await page.getByRole("button", { name: "Look now" }).click();
    await page.getByRole("table", { name: "Numbers that differ" }).waitFor();
    await lookAt(page, "engine-drift");
    await gateway.sql("update usage_hourly set events = events - 1 where tenant_id = $1", [tenant.id]);

    await goTo(page, "Models");
    const theirs = page.getByRole("table", { name: "Models of tenants" });
    await theirs.getByText(`Harbour-${size.width}`).waitFor();
    await lookAt(page, "operator-models");
    await page.getByRole("link", { name: "tags", exact: true }).click();
    await page.getByRole("button", { name: "Offer to a tenant" }).click();
    await page.getByRole("combobox", { name: "Tenant" }).click();
    await page.getByRole("option", { name: `Harbour-${size.width}` }).click();
    await page.getByRole("button", { name: "Offer", exact: true }).click();
    await page.getByRole("button", { name: `Withdraw from Harbour-${size.width}` }).waitFor();
    await lookAt(page, "operator-model");
    expect(complaints).toEqual([]);
    await close();
  });
});
