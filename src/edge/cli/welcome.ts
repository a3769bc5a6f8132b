import path from "node:path";
import type { Demo } from "./demo-seed.ts";

interface Welcome {
  url: string;
  /** Absent where nothing was seeded. */
  demo: Demo | undefined;
  demoFile: string;
  examplesDir: string;
}

/** What a newcomer reads when the gateway is up. */
export function welcome({ url, demo, demoFile, examplesDir }: Welcome): string {
  const lines = ["", `  Tollgate is ready at ${url}/graphql`, `  The dashboard is at  ${url}/`, ""];
  if (demo === undefined) return [...lines, "  Stop with Ctrl-C.", ""].join("\n");
  return [
    ...lines,
    "  Ask a model: paste this into another terminal.",
    "",
    firstRequest(url, demo.apiKey, path.join(examplesDir, "digits")),
    "",
    "  Sign in to the dashboard, or with the mutation signIn, as",
    `    the demo tenant's owner   ${demo.owner.email}   ${demo.owner.password}`,
    `    the operator              ${demo.operator.email}   ${demo.operator.password}`,
    "",
    `  All of it, with the API key, is in ${demoFile}. Stop with Ctrl-C.`,
    "",
  ].join("\n");
}

function firstRequest(url: string, apiKey: string, digits: string): string {
  const query =
    'mutation($png: Base64!) { infer(input: { model: \\"digits\\", inputs: [{ image: $png }] }) { outputs { label score } } }';
  const picture = `"'"$(base64 < ${quoted(path.join(digits, exampleDigit))} | tr -d '\\n')"'"`;
  return [
    `curl -s ${url}/graphql \\`,
    `  -H 'authorization: Bearer ${apiKey}' \\`,
    "  -H 'content-type: application/json' \\",
    `  -d '{"query":"${query}","variables":{"png":${picture}}}'`,
  ].join("\n");
}

/** As one word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One of those that the model was not trained on. */
const exampleDigit = "73-7.png";
