import { readFile } from "node:fs/promises";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import { grey, JobClient } from "../support/jobs.ts";
import { lookAt } from "../support/look-at.ts";

let gateway: TestGateway;
let browser: Browser;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

/** A CSV with a header of its own words; the third of its rows has no mail in it. */
const mails = (rows: number) =>
  [
    "number,subject",
    ...Array.from({ length: rows }, (_, i) => `m${i},${i === 2 ? "" : `"Meeting ${i}, at noon"`}`),
  ].join("\n");

type Look = Parameters<typeof visit>[2];

const signedIn = async (tenant: TestTenant, look: Look, path?: string) => {
  const visited = await visit(browser, gateway.url, look);
  await signInAs(visited.page, { email: tenant.ownerEmail, password: tenant.ownerPassword }, path);
  await visited.page.locator("#content").waitFor();
  return visited;
};

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

/** The same file each time it is dropped, whose last change lies behind. */
async function drop(page: Page, { name, text }: { name: string; text: string }): Promise<void> {
  const dataTransfer = await page.evaluateHandle(`{
    const dropped = new DataTransfer();
    dropped.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}, { lastModified: 1_000 }));
    dropped;
  }`);
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer });
}

async function downloaded(page: Page, format: string): Promise<Download> {
  await page.getByRole("button", { name: /^Results/ }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: format }).click();
  return await download;
}

const textOf = async (download: Download) => await readFile(await download.path(), "utf8");
const spendShown = (page: Page) => page.locator(".figure-value").nth(1).innerText();

describe.each(sizes)("at $name", (size) => {
  test("a CSV is dropped, estimated, run and watched; its results come in order, and the bill moves", async () => {
    const tenant = await gateway.createTenant();
    const { page, complaints, close } = await signedIn(tenant, size);
    await page.getByText("Nothing was used in this period").waitFor();
    expect(await spendShown(page)).toBe("$0.00");

    await goTo(page, "Jobs");
    await page.getByText("No jobs yet").waitFor();
    await page.getByRole("link", { name: "New job" }).first().click();
    await choose(page, "Model", "mail");
    await drop(page, { name: "mails.txt", text: "?" });
    await page.getByText("mails.txt does not end with").waitFor();
    await drop(page, { name: "pictures.zip", text: "PK" });
    await page.getByText("A ZIP holds pictures, which mail does not take").waitFor();
    await page.getByText("Uploaded. Nothing is charged").waitFor();
    await page.getByRole("button", { name: "Choose another" }).click();
    await drop(page, { name: "mails.csv", text: mails(500) });
    await page.getByText("Uploaded. Nothing is charged").waitFor();
    await choose(page, "Column of inputs", "subject");
    await page.getByText("First row: Meeting 0, at noon").waitFor();
    await choose(page, "Column of ids", "number");
    const estimate = page.locator(".estimate");
    await estimate.getByText("500", { exact: true }).waitFor();
    await lookAt(page, "new-job");
    await page.getByRole("button", { name: "Submit job" }).click();

    await page.getByRole("heading", { name: "Job of mail" }).waitFor();
    await page.getByText("Partly failed").waitFor();
    await page.getByText("500 of 500 items").waitFor();
    const failed = page.getByRole("table", { name: "Failed items" });
    await failed.getByText("The row has 0 of text, image and tensor").waitFor();
    await failed.getByText("m2", { exact: true }).waitFor();
    await failed.getByText("4", { exact: true }).waitFor();
    await lookAt(page, "job-partly-failed");

    const lines = (await textOf(await downloaded(page, "JSON lines"))).trim().split("\n");
    const results = lines.map((line): { index: number; id: string; label?: string } => JSON.parse(line));
    expect(results.map(({ index, id }) => [index, id])).toEqual(Array.from({ length: 500 }, (_, i) => [i, `m${i}`]));
    expect(results.filter(({ label }) => label === undefined).map(({ index }) => index)).toEqual([2]);
    const csv = await downloaded(page, "CSV");
    expect(csv.suggestedFilename()).toMatch(/^mail-\w{6}\.csv$/);
    expect((await textOf(csv)).trim().split("\n")).toHaveLength(501);

    const cost = await page.locator(".figure-value").nth(2).innerText();
    expect(Number(cost.slice(1))).toBeGreaterThan(0);
    await goTo(page, "Overview");
    const isBilled = async () => (await spendShown(page)) === cost;
    await eventually(isBilled, { withinMs: 2_000, what: `${cost} on the overview` });
    expect(complaints).toEqual([]);
    await close();
  });

  test("lines are pasted and answered; a large job is canceled, and what it had answered stays", async () => {
    const tenant = await gateway.createTenant();
    const { page, complaints, close } = await signedIn(tenant, size, "/jobs/new");
    await choose(page, "Model", "mail");
    await page.getByText("Pasted lines").click();
    await page.getByLabel("One text in each line").fill("free money now\n\nminutes of the meeting\n");
    await page.locator(".estimate").getByText("2", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.getByText("2 of 2 items").waitFor();
    await page.getByRole("table", { name: "Items" }).getByText("spam").waitFor();

    const inputs = Array.from({ length: 10_000 }, (_, index) => ({
      text: `${index} ${"as I said before ".repeat(30)}`,
    }));
    const jobs = new JobClient(tenant.key);
    const { id } = await jobs.submit({ model: "mail", source: { inputs } });
    await page.goto(`/jobs/${id}`);
    await page.getByText("Running", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Cancel job" }).click();
    await lookAt(page, "job-cancel");
    await page.getByRole("button", { name: "Cancel the job for good" }).click();
    await page.getByText("Canceled", { exact: true }).waitFor();
    const { counts } = await jobs.find(id);
    expect(counts.succeeded).toBeLessThan(10_000);
    const answered = page.locator(".figure-value").first();
    const isShown = async () => (await answered.innerText()) === counts.succeeded.toLocaleString("en");
    await eventually(isShown, { withinMs: 2_000, what: "what was answered before the cancel" });
    expect(complaints).toEqual([]);
    await close();
  });
});

test("a job that a limit stops says which one and until when, and goes on when it is raised and the job resumed", async () => {
  const tenant = await gateway.createTenant();
  const setLimit = async (limit: number) =>
    await tenant.owner.ask("mutation($input: SetTenantLimitInput!) { setTenantLimit(input: $input) { id } }", {
      input: { limit: { kind: "QUOTA", meter: "inputs", period: "DAY", limit } },
    });
  await setLimit(300);
  const { page, complaints, close } = await signedIn(tenant, { ...sizes[1], colorScheme: "dark" });
  const inputs = Array.from({ length: 1_000 }, (_, index) => grey(index));
  const { id } = await new JobClient(tenant.key).submit({ model: "digits", source: { inputs } });
  await page.goto("/jobs");
  await page.getByRole("link", { name: /^digits/ }).click();
  await page.getByText("300 of 1,000 items").waitFor();
  await page.getByText("The tenant's quota of 300 inputs").waitFor();
  await page.getByText("where you are").waitFor();
  await lookAt(page, "job-paused");
  await setLimit(5_000);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("1,000 of 1,000 items").waitFor();
  await page.getByText("Succeeded", { exact: true }).first().waitFor();
  await page.goto("/jobs");
  await page.getByRole("combobox", { name: "State" }).click();
  await page.getByRole("option", { name: "Failed", exact: true }).click();
  await page.getByText("No job stands so").waitFor();
  await page.getByRole("combobox", { name: "State" }).click();
  await page.getByRole("option", { name: "Succeeded", exact: true }).click();
  await page.getByRole("link", { name: `…${id.slice(-6)}` }).waitFor();
  await lookAt(page, "jobs");
  expect(complaints).toEqual([]);
  await close();
});

test("an upload that broke off goes on where it was when the page is reloaded and the file dropped again", async () => {
  const tenant = await gateway.createTenant();
  const { page, complaints, close } = await signedIn(tenant, sizes[1], "/jobs/new");
  const file = { name: "mails.csv", text: mails(120_000) };
  const puts: number[] = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") puts.push(Number(request.headers()["upload-offset"]));
  });
  // The line is cut after the first part.
  const isLater = (url: URL) => url.pathname.startsWith("/datasets/");
  await page.route(isLater, async (route) => {
    const offset = Number(route.request().headers()["upload-offset"] ?? 0);
    if (offset === 0) await route.continue();
    else await route.abort();
  });
  await choose(page, "Model", "mail");
  await drop(page, file);
  await expect.poll(() => puts.at(-1)).toBe(1_048_576);
  await page.unroute(isLater);
  await page.reload();
  await choose(page, "Model", "mail");
  puts.length = 0;
  await drop(page, file);
  await page.getByText("Uploaded. Nothing is charged").waitFor();
  expect(puts[0]).toBe(1_048_576);
  await page.getByRole("button", { name: "Choose another" }).click();
  const isDeleted = async () =>
    (await gateway.sql("select 1 from datasets where tenant_id = $1", [tenant.id])).length === 0;
  await eventually(isDeleted, { withinMs: 5_000, what: "the dataset to be deleted" });
  expect(complaints).toEqual([]);
  await close();
});
