// The architecture, as rules. `npm run check:deps` fails when a file breaks one.
// Floors, low to high. A file may import its own floor and the floors below it.
const floors = ["core", "platform", "domains", "edge"];
// Domains, low to high. A domain may import the domains to its left, never to its right.
const domains = [
  "audit",
  "plans",
  "users",
  "tenants",
  "keys",
  "webhooks",
  "models",
  "usage",
  "inference",
  "jobs",
  "billing",
];

const above = (list, i) => list.slice(i + 1).join("|");

const floorRules = floors.slice(0, -1).map((floor, i) => ({
  name: `floor-${floor}`,
  comment: `src/${floor} may not know the floors above it`,
  severity: "error",
  from: { path: `^src/${floor}/` },
  to: { path: `^src/(${above(floors, i)})/|^src/(app|assembly|[a-z]+-assembly|chores|main)[.]ts$` },
}));

const domainRules = domains.slice(0, -1).map((domain, i) => ({
  name: `domain-${domain}`,
  comment: `${domain} stands left of ${domains.slice(i + 1).join(", ")}`,
  severity: "error",
  from: { path: `^src/domains/${domain}/` },
  to: { path: `^src/domains/(${above(domains, i)})/` },
}));

/** A package that only the named files may import. */
const only = (name, allowed, packages) => ({
  name,
  severity: "error",
  from: { path: "^src/", pathNot: allowed },
  to: { path: packages },
});

// The files that speak GraphQL, and those that build everything.
const door =
  "[.](resolver|types)[.]ts$|^src/edge/(graphql|http)/|^src/platform/graphql/|^src/(app|assembly|[a-z]+-assembly)[.]ts$";

module.exports = {
  forbidden: [
    ...floorRules,
    ...domainRules,
    { name: "no-circular", severity: "error", from: { pathNot: "^src/platform/generated/" }, to: { circular: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: "[.]d[.]ts$|^src/main[.]ts$|^src/domains/inference/runner-main[.]ts$" },
      to: {},
    },
    {
      name: "private-store",
      comment: "a domain's store and resolver belong to that domain; only app.ts builds them",
      severity: "error",
      from: { path: "^src/domains/([^/]+)/" },
      to: { path: "^src/domains/[^/]+/[^/]+[.](store|resolver)[.]ts$", pathNot: "^src/domains/$1/" },
    },
    {
      name: "edge-uses-services",
      comment: "the edge talks to services; stores and resolvers reach it only through app.ts",
      severity: "error",
      from: { path: "^src/(edge|platform)/" },
      to: { path: "^src/domains/.+[.](store|resolver)[.]ts$" },
    },
    {
      name: "types-at-the-door",
      comment: "GraphQL types are the door's; services and stores speak plain types",
      severity: "error",
      from: { path: "^src/", pathNot: door },
      to: { path: "[.]types[.]ts$" },
    },
    only("graphql-at-the-door", door, "node_modules/(type-graphql|graphql|@apollo)/"),
    only(
      "prisma-in-stores",
      "[.]store[.]ts$|^src/platform/database[.]ts$|^src/platform/generated/",
      "^src/platform/generated/|node_modules/@prisma/",
    ),
    only("onnx-in-one-file", "^src/domains/inference/onnx-session[.]ts$", "node_modules/onnxruntime-node/"),
    { name: "no-test-in-src", severity: "error", from: { path: "^src/" }, to: { path: "^(test|dashboard|training)/" } },
    {
      name: "no-dev-dependency",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|^src/platform/generated/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
