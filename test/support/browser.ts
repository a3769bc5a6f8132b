import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The machine's own Chromium, without a window and without its own calls home. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = places.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error("There is no Chromium. On Debian: apt-get install -y chromium");
  return await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
}

/** The sizes that every journey is made at: a telephone and a desk. */
export const sizes = [
  { name: "360 px", width: 360, height: 740 },
  { name: "1280 px", width: 1280, height: 860 },
] as const;

interface Visit {
  page: Page;
  /** What went wrong on the page that no assertion would see: errors, refused styles, requests to elsewhere. */
  complaints: string[];
  close(): Promise<void>;
}

/** A page of a browser that nobody has used before. */
export async function visit(
  browser: Browser,
  url: string,
  { width, height, colorScheme = "light" }: { width: number; height: number; colorScheme?: "light" | "dark" },
): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    colorScheme,
    timezoneId: "Europe/Berlin",
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // The browser itself reports every answer from 400 up; whether one belongs there is the journey's to say.
    const isStatus = /^Failed to load resource|^WebSocket connection to .* HTTP Authentication failed/.test(
      message.text(),
    );
    if (message.type() === "error" && !isStatus) complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const elsewhere = new URL(request.url());
    if (elsewhere.protocol.startsWith("http") && elsewhere.origin !== new URL(url).origin)
      complaints.push(`a request to ${elsewhere.origin}`);
  });
  return { page, complaints, close: () => context.close() };
}

/** Signs in through the form, as a person does. */
export async function signInAs(page: Page, person: { email: string; password: string }, path = "/"): Promise<void> {
  await page.goto(path);
  await page.getByLabel("Email").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Goes to a page by the navigation, which on a narrow screen has to be opened first. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.locator("#content").waitFor();
  const menu = page.getByRole("button", { name: "Open navigation" });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true }).first().click();
}
