#!/usr/bin/env node
// The terminal client, from a current build: `npx tollgate help`.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`Tollgate needs Node 22.18 or newer; this is ${process.version}. Run it as \`npx tollgate\`.\n`);
  process.exit(2);
}
const { buildIfStale } = await import("../scripts/build.mjs");
buildIfStale();
await import("../dist/edge/cli/tollgate.js");
