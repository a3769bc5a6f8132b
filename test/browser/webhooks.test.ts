import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { grey, JobClient } from "../support/jobs.ts";
import { lookAt } from "../support/look-at.ts";
import { verified } from "../support/webhook-house.ts";
import { WebhookReceiver } from "../support/webhook-receiver.ts";

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
  test("an endpoint is added and told of a job that ended; one it failed is seen, and replayed when it is mended", async () => {
    const tenant = await gateway.createTenant();
    const receiver = await WebhookReceiver.start();
    const { page, complaints, close } = await visit(browser, gateway.url, size);
    await signInAs(page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await goTo(page, "Webhooks");
    await page.getByRole("button", { name: "Add endpoint" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("URL").fill("not a url");
    await dialog.getByLabel("job.finished").check();
    await dialog.getByRole("button", { name: "Add endpoint" }).click();
    await dialog.getByText("url is not a URL").waitFor();
    await lookAt(page, "webhook-add");
    await dialog.getByLabel("URL").fill(receiver.url);
    await dialog.getByRole("button", { name: "Add endpoint" }).click();
    const secret = await page.locator(".secret code").innerText();
    expect(secret).toMatch(/^whsec_/);
    await lookAt(page, "webhook-secret");
    await page.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("link", { name: receiver.url }).click();
    expect(await page.content()).not.toContain(secret);

    await page.getByRole("button", { name: "Send a test" }).click();
    const deliveries = page.getByRole("table", { name: "Deliveries" });
    await deliveries.getByText("Delivered").waitFor();
    const [sent] = await receiver.untilReceived(1);
    if (sent === undefined) throw new Error("unreachable");
    expect(verified(secret, sent)).toMatchObject({ type: "webhook.test", tenantId: tenant.id });

    receiver.answers(() => ({ code: 500, body: "The disk is full" }));
    const jobs = new JobClient(tenant.key);
    const { id } = await jobs.submit({ model: "digits", source: { inputs: [grey(1)] } });
    await receiver.untilReceived(2);
    await page.reload();
    await deliveries.getByText("It answered 500.").waitFor();
    await deliveries.getByRole("button", { name: /^job\.finished/ }).click();
    await page.getByRole("dialog").getByText(id).waitFor();
    await page.getByRole("dialog").getByText("The disk is full").first().waitFor();
    await lookAt(page, "webhook-delivery");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await lookAt(page, "webhook-endpoint");

    receiver.answers(() => ({ code: 200 }));
    await page.getByRole("button", { name: /^Replay job\.finished/ }).click();
    await deliveries.getByText("On its way").waitFor({ state: "detached" });
    expect(await deliveries.getByText("Delivered").count()).toBe(2);

    await page.getByRole("button", { name: `Actions for ${receiver.url}` }).click();
    await page.getByRole("menuitem", { name: "Disable" }).click();
    await page.getByText("by hand").waitFor();
    await page.getByRole("button", { name: `Actions for ${receiver.url}` }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete for good" }).click();
    await page.getByText("No endpoints yet").waitFor();
    expect(complaints).toEqual([]);
    await close();
    await receiver.close();
  });
});
