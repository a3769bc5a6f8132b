import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { startTestGateway, type TestGateway, type TestTenant } from "../../support/gateway.ts";

let gateway: TestGateway;
let tenant: TestTenant;

beforeAll(async () => {
  gateway = await startTestGateway();
  tenant = await gateway.createTenant();
});

afterAll(async () => {
  await gateway.close();
});

const ours = { "sec-fetch-site": "same-origin" };
const whoIs = JSON.stringify({ query: "{ me { kind } }" });

async function signedIn(): Promise<string> {
  const response = await fetch(`${gateway.url}/session`, {
    method: "POST",
    headers: { "content-type": "application/json", ...ours },
    body: JSON.stringify({ email: tenant.ownerEmail, password: tenant.ownerPassword }),
  });
  expect(response.status).toBe(200);
  expect(JSON.stringify(await response.json())).not.toMatch(/eyJ|tgr_/);
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

const ask = async (headers: Record<string, string>) =>
  await fetch(`${gateway.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: whoIs,
  }).then((response) => response.text());

describe("a session's cookie", () => {
  test("counts where our own page asks", async () => {
    expect(await ask({ cookie: await signedIn(), ...ours })).toContain('"kind":"MEMBER"');
    const { host } = new URL(gateway.url);
    expect(await ask({ cookie: await signedIn(), origin: `http://${host}` })).toContain('"kind":"MEMBER"');
  });

  test.each([
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["another port of this machine", { "sec-fetch-site": "same-site" }],
    ["a page elsewhere, of an old browser", { origin: "http://evil.example" }],
    ["who does not say", {}],
  ])("counts for nothing from %s", async (_from, headers) => {
    expect(await ask({ cookie: await signedIn(), ...headers })).toContain("UNAUTHENTICATED");
  });

  test("never takes the place of a header that was sent", async () => {
    const answer = await ask({ cookie: await signedIn(), ...ours, authorization: "Bearer nonsense" });
    expect(answer).toContain("UNAUTHENTICATED");
  });
});

test("a session's cookie counts for files, too, and from our own pages alone", async () => {
  const cookie = await signedIn();
  const id = newId("dataset");
  const put = async (headers: Record<string, string>) =>
    await fetch(`${gateway.url}/datasets/${id}?format=CSV`, {
      method: "PUT",
      headers: { cookie, ...headers },
      body: "text\nhello\n",
    });
  const refused = await put({ "sec-fetch-site": "cross-site" });
  expect(refused.status).toBe(401);
  expect(await gateway.sql("select 1 from datasets where tenant_id = $1", [tenant.id])).toEqual([]);
  expect((await put(ours)).status).toBe(201);
  const submit = "mutation($input: SubmitJobInput!) { submitJob(input: $input) { resultsPath } }";
  const source = { datasetId: id };
  const { resultsPath } = (await tenant.owner.ask(submit, { input: { model: "mail", source } })).data.submitJob;
  for (const path of [`/datasets/${id}`, resultsPath]) {
    const method = path === resultsPath ? "GET" : "HEAD";
    const from = async (site: string) =>
      (await fetch(`${gateway.url}${path}`, { method, headers: { cookie, "sec-fetch-site": site } })).status;
    expect([await from("cross-site"), await from("same-site"), await from("same-origin")]).toEqual([401, 401, 200]);
  }
});

test.each(["/session", "/session/refresh", "/session/switch"])("%s is refused to every other site", async (path) => {
  const response = await fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "sec-fetch-site": "cross-site", cookie: await signedIn() },
    body: "{}",
  });
  expect(response.status).toBe(403);
  expect(response.headers.getSetCookie()).toEqual([]);
});

test("signing out ends the sign-in and takes the cookies back", async () => {
  const cookie = await signedIn();
  const response = await fetch(`${gateway.url}/session`, { method: "DELETE", headers: { cookie, ...ours } });
  expect(response.status).toBe(204);
  expect(response.headers.getSetCookie().every((one) => one.includes("Max-Age=0"))).toBe(true);
  const refreshed = await fetch(`${gateway.url}/session/refresh`, { method: "POST", headers: { cookie, ...ours } });
  expect(refreshed.status).toBe(401);
});
