import path from "node:path";
import { defineConfig } from "prisma/config";

// `prisma generate` insists on a downloaded schema engine that it then never starts. Any file that exists ends the search,
// and with it the only network access of the build. Migrations are SQL that we apply ourselves (platform/migrations.ts).
process.env["PRISMA_SCHEMA_ENGINE_BINARY"] ??= path.resolve(import.meta.dirname, "prisma.config.ts");
process.env["CHECKPOINT_DISABLE"] ??= "1";
process.env["PRISMA_HIDE_UPDATE_MESSAGE"] ??= "1";

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // `prisma generate` needs no database; a command that does names one in DATABASE_URL.
  datasource: { url: process.env["DATABASE_URL"] ?? "postgresql://unset:unset@127.0.0.1:1/unset" },
});
