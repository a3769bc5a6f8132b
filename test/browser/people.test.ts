import { randomBytes } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goTo, launchBrowser, signInAs, sizes, visit } from "../support/browser.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
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

const password = "a long enough password";

/** Invites an address in the dashboard of its owner; the link that is to be handed over. */
async function invited(page: Page, email: string, role: string): Promise<string> {
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("dialog").getByLabel("Email").fill(email);
  await page.getByRole("combobox", { name: "Role", exact: true }).click();
  await page.getByRole("option", { name: new RegExp(`^${role}`) }).click();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const link = await page.locator(".secret code").innerText();
  await lookAt(page, "invitation-link");
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("table", { name: "Open invitations" }).getByText(email).waitFor();
  return link;
}

async function accept(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole("heading", { name: "You are invited" }).waitFor();
  await lookAt(page, "invitation");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Join" }).click();
  await page.locator("#content").waitFor();
}

describe.each(sizes)("at $name", (size) => {
  test("a member is invited, comes in by the link, becomes another role, and is removed", async () => {
    const tenant = await gateway.createTenant();
    const email = `${randomBytes(6).toString("hex")}@people.example`;
    const owner = await visit(browser, gateway.url, size);
    await signInAs(owner.page, { email: tenant.ownerEmail, password: tenant.ownerPassword });
    await goTo(owner.page, "Members");
    const link = await invited(owner.page, email, "Developer");

    const member = await visit(browser, gateway.url, size);
    await accept(member.page, link);
    await goTo(member.page, "Members");
    await member.page.getByRole("table", { name: "Members" }).getByText(email).waitFor();
    expect(await member.page.getByRole("button", { name: "Invite" }).count()).toBe(0);

    await owner.page.reload();
    const roleOfThem = owner.page.getByRole("combobox", { name: `Role of ${email}` });
    await roleOfThem.click();
    await owner.page.getByRole("option", { name: "Finance", exact: true }).click();
    await expect.poll(() => rolesOf(tenant.id)).toEqual(["FINANCE", "OWNER"]);
    await member.page.goto("/");
    await member.page.locator("#content").waitFor();
    await expect.poll(() => member.page.getByRole("link", { name: "API keys" }).count()).toBe(0);

    await owner.page.getByRole("button", { name: `Remove ${email}` }).click();
    await owner.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await owner.page.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(() => rolesOf(tenant.id)).toEqual(["OWNER"]);
    await member.page.goto("/");
    await member.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect([...owner.complaints, ...member.complaints]).toEqual([]);
    await owner.close();
    await member.close();
  });
});

test("a password is changed, other browsers are signed out, and so is this one when everything is", async () => {
  const tenant = await gateway.createTenant();
  const person = { email: tenant.ownerEmail, password: tenant.ownerPassword };
  const [here, there] = [await visit(browser, gateway.url, sizes[1]), await visit(browser, gateway.url, sizes[1])];
  await signInAs(here.page, person, "/settings");
  await signInAs(there.page, person, "/settings");
  await there.page.locator("#content").waitFor();

  await here.page.getByLabel("Current password").fill("not the password");
  await here.page.getByLabel("New password").fill(password);
  await here.page.getByRole("button", { name: "Change password" }).click();
  await here.page.getByRole("alert").waitFor();
  await here.page.getByLabel("Current password").fill(person.password);
  await here.page.getByRole("button", { name: "Change password" }).click();
  await here.page.getByText("Your password was changed.").waitFor();
  await there.page.goto("/settings");
  await there.page.getByRole("heading", { name: "Sign in" }).waitFor();

  await signInAs(there.page, { ...person, password }, "/settings");
  await there.page.locator("#content").waitFor();
  await here.page.getByRole("button", { name: "Sign out everywhere" }).click();
  await here.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await there.page.goto("/settings");
  await there.page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect([...here.complaints, ...there.complaints]).toEqual([]);
  await here.close();
  await there.close();
});

test("whoever sees finances alone leaves by themselves; the last owner is told why they cannot", async () => {
  const tenant = await gateway.createTenant();
  const owner = await visit(browser, gateway.url, sizes[1]);
  await signInAs(owner.page, { email: tenant.ownerEmail, password: tenant.ownerPassword }, "/members");
  await owner.page.locator("#content").waitFor();
  const link = await invited(owner.page, `${randomBytes(6).toString("hex")}@people.example`, "Finance");
  const member = await visit(browser, gateway.url, sizes[1]);
  await accept(member.page, link);
  for (const { page } of [member, owner]) {
    await page.goto("/settings");
    await page.getByRole("button", { name: "Leave Acme" }).click();
    await lookAt(page, "leave-tenant");
    await page.getByRole("button", { name: "Leave for good" }).click();
  }
  await member.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await owner.page.getByText("This is the tenant's last owner").waitFor();
  expect(await rolesOf(tenant.id)).toEqual(["OWNER"]);
  await owner.close();
  await member.close();
});

async function rolesOf(tenantId: string): Promise<string[]> {
  const rows = await gateway.sql("select role from members where tenant_id = $1 order by role", [tenantId]);
  return rows.map(({ role }) => role);
}
