import { defineConfig } from "vitest/config";

// A project per kind of test, so that each can be run, timed and counted alone.
const project = (name: string, options: { postgres: boolean; timeoutMs: number }) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.timeoutMs,
    hookTimeout: options.timeoutMs,
    globalSetup: options.postgres ? ["test/support/postgres-server.ts"] : [],
  },
});

export default defineConfig({
  // graphql 16 has no `exports`: Vite would take index.mjs while Node gives type-graphql index.js, two copies of one class.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: false } },
  test: {
    setupFiles: ["test/support/setup.ts"],
    env: { ORT_DISABLE_TELEMETRY: "1" },
    maxWorkers: 2,
    projects: [
      project("unit", { postgres: false, timeoutMs: 10_000 }),
      project("property", { postgres: true, timeoutMs: 120_000 }),
      project("contract", { postgres: true, timeoutMs: 60_000 }),
      project("integration", { postgres: true, timeoutMs: 60_000 }),
      project("fault", { postgres: true, timeoutMs: 240_000 }),
      project("e2e", { postgres: false, timeoutMs: 240_000 }),
    ],
  },
});
