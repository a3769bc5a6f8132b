import { defineConfig } from "vitest/config";

// A project per kind of test, so that each can be run, timed and counted alone.
const project = (name: string, options: { setup: string[]; timeoutMs: number }) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.timeoutMs,
    hookTimeout: options.timeoutMs,
    globalSetup: options.setup,
  },
});

const postgres = "test/support/postgres-server.ts";
/** For tests that start gateways as processes. */
const build = "test/support/built-gateway.ts";

export default defineConfig({
  // graphql 16 has no `exports`: Vite would take index.mjs while Node gives type-graphql index.js, two copies of one class.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: false } },
  test: {
    setupFiles: ["test/support/setup.ts"],
    env: { ORT_DISABLE_TELEMETRY: "1" },
    maxWorkers: 2,
    projects: [
      project("unit", { setup: [], timeoutMs: 10_000 }),
      project("property", { setup: [postgres], timeoutMs: 120_000 }),
      project("contract", { setup: [postgres], timeoutMs: 60_000 }),
      project("integration", { setup: [postgres], timeoutMs: 60_000 }),
      project("fault", { setup: [postgres, build], timeoutMs: 240_000 }),
      project("browser", { setup: [postgres, build], timeoutMs: 120_000 }),
      project("e2e", { setup: [postgres, build], timeoutMs: 240_000 }),
    ],
  },
});
