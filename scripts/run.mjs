// What every npm script of Tollgate goes through: the right Node, a current build, then the command.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Tollgate needs Node 22.18 or newer; this is ${process.version}. ` +
      "On Linux x64, `npm ci` brings its own Node and `npm start` uses it: run it through npm. Elsewhere, install Node 24.",
  );
  process.exit(1);
}
process.setSourceMapsEnabled(true);
const { buildGatewayIfStale, buildIfStale } = await import("./build.mjs");
// The schema is what the dashboard is built from, so it is written before.
if (process.argv[2] === "schema") buildGatewayIfStale();
else buildIfStale();
await import("../dist/main.js");
