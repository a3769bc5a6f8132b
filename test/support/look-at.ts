import path from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { eventually } from "./eventually.ts";

// biome-ignore lint/style/noProcessEnv: a variable of the tests must not be one of the product's.
const screenshots = process.env["TEST_SCREENSHOTS"];

interface Finding {
  id: string;
  impact: string;
  targets: string[];
}

/** What axe finds to be serious, or worse. */
export async function seriousFindings(page: Page): Promise<Finding[]> {
  // Through the debugger, which the page's own policy does not bind.
  return (await page.evaluate(`${axe.source}; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))`)) as Finding[];
}

/** Waits until nothing is on its way to the page any more. */
export async function settled(page: Page): Promise<void> {
  const isQuiet = async () => (await page.locator("[aria-busy=true]").count()) === 0;
  await eventually(isQuiet, { withinMs: 10_000, what: "the page to have loaded" });
}

/** The page as a person finds it: loaded, no wider than the screen, nothing serious for axe; kept as a picture where asked for. */
export async function lookAt(page: Page, name: string): Promise<void> {
  await settled(page);
  const size = page.viewportSize();
  if (screenshots !== undefined) {
    const isDark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches");
    const file = `${size?.width ?? 0}-${isDark ? "dark" : "light"}-${name}.png`;
    await page.screenshot({ path: path.join(screenshots, file), fullPage: true });
  }
  const overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
  expect(overflow, `${name} is wider than the screen`).toBeLessThanOrEqual(0);
  expect(await seriousFindings(page), name).toEqual([]);
}
