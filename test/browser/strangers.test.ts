import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../src/core/ids.ts";
import { writeBareInvoice } from "../support/bare-invoice.ts";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../support/gateway.ts";
import { JobClient } from "../support/jobs.ts";
import { create } from "../support/webhook-house.ts";

let gateway: TestGateway;
let browser: Browser;
let mine: TestTenant;
let theirs: TestTenant;
/** What the first tenant has that has an address. */
let things: { job: string; dataset: string; webhookEndpoint: string; invoice: string };

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
  [mine, theirs] = await Promise.all([gateway.createTenant("Mine"), gateway.createTenant("Theirs")]);
  const jobs = new JobClient(mine.key);
  const dataset = newId("dataset");
  await jobs.upload(dataset, `text\n${content}\n`, "text/csv");
  const { id: job } = await jobs.submit({ model: "mail", source: { datasetId: dataset } });
  await jobs.until(job, "SUCCEEDED");
  const { invoiceId: invoice } = await writeBareInvoice(gateway.sql, mine.id);
  const made = await mine.owner.ask(create, { input: { url: hook, events: ["job.finished"] } });
  things = { job, dataset, invoice, webhookEndpoint: made.data.createWebhookEndpoint.endpoint.id };
});

const content = "the secret plans of our harbour";
const hook = "https://mine.example/hooks";

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
  const { job, webhookEndpoint, invoice } = things;
  const lists = ["/", "/jobs", "/keys", "/members", "/webhooks", "/audit", "/settings", "/tenants", "/billing"];
  const opened = [`/jobs/${job}`, `/webhooks/${webhookEndpoint}`];
  for (const path of [
    ...lists,
    ...opened,
    `/keys/${mine.apiKeyId}`,
    `/tenants/${mine.id}`,
    `/billing/invoices/${invoice}`,
  ]) {
    await page.goto(path);
    await page.getByRole("heading", { level: 1 }).waitFor();
    if (opened.includes(path)) await page.getByText("There is no such thing here").waitFor();
    const text = await page.content();
    expect(text, path).not.toContain("This page broke");
    for (const secret of [mine.id, mine.apiKeyId, mine.ownerEmail, "INV-1", hook])
      expect(text, path).not.toContain(secret);
  }
  await close();
});

test("whoever asks for the files of another tenant by their addresses is answered as if they were not there", async () => {
  const { page, close } = await signedIn(theirs);
  const never = { job: newId("job"), dataset: newId("dataset"), invoice: newId("invoice") };
  const requests = ({ job, dataset, invoice }: typeof never) => [
    ["GET", `/jobs/${job}/results`, job],
    ["GET", `/jobs/${job}/results?format=csv`, job],
    ["HEAD", `/datasets/${dataset}`, dataset],
    ["PUT", `/datasets/${dataset}?format=CSV`, dataset],
    ["GET", `/invoices/${invoice}.pdf`, invoice],
    ["GET", `/invoices/${invoice}.csv`, invoice],
  ];
  const answered = async (wanted: typeof never) => {
    const answers: string[] = [];
    for (const [method = "", path = "", id = ""] of requests(wanted)) {
      const answer = await page.evaluate(
        async ([verb, address]) => {
          const body = verb === "PUT" ? "text\nmine now" : undefined;
          const response = await fetch(address ?? "", { method: verb ?? "", ...(body === undefined ? {} : { body }) });
          return `${response.status} ${await response.text()}`;
        },
        [method, path],
      );
      answers.push(answer.replaceAll(id, "<id>").replaceAll(/req_[0-9a-z]{26}|\d{4}-\d\d-\d\dT[^"]*/g, "<new>"));
    }
    return answers;
  };
  const [taken, free] = [await answered(things), await answered(never)];
  expect(taken).toEqual(free);
  expect(taken.map((answer) => answer.slice(0, 3))).toEqual(["404", "404", "404", "201", "404", "404"]);
  expect(await new JobClient(mine.key).results(things.job)).toHaveLength(1);
  const [kept] = await gateway.sql("select size_bytes::int as bytes from datasets where tenant_id = $1", [mine.id]);
  expect(kept).toEqual({ bytes: content.length + 6 });
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
