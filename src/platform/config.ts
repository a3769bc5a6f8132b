import { isIP } from "node:net";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { logLevels } from "./logger.ts";
import { StartError } from "./start-error.ts";

/** The settings of this process. `.env.example` documents every variable; a test compares the two. */
export interface Config {
  production: boolean;
  host: string;
  port: number;
  /** Absent: the embedded Postgres under `dataDir`. */
  databaseUrl: string | undefined;
  dataDir: string;
  modelsDir: string;
  /** The built dashboard. Not a setting: it is built beside the gateway that it belongs to. */
  dashboardDir: string;
  signingKeysDir: string;
  logLevel: (typeof logLevels)[number];
  introspection: boolean;
  bodyLimitBytes: number;
  /** Addresses of proxies whose X-Forwarded-For is believed. Empty: none is. */
  trustedProxies: string[];
  metricsToken: string | undefined;
  runners: number;
  runnerMemoryMb: number;
  maxQueuedInputs: number;
  maxQueuedInputsPerTenant: number;
  maxDeadlineMs: number;
  requestsInFlight: number;
  shutdownTimeoutMs: number;
}

const root = path.resolve(import.meta.dirname, "..", "..");

const whole = (low: number, high: number) =>
  z.coerce
    .number({ error: `must be a whole number from ${low} to ${high}` })
    .int(`must be a whole number from ${low} to ${high}`)
    .min(low, `must be a whole number from ${low} to ${high}`)
    .max(high, `must be a whole number from ${low} to ${high}`);

const flag = z.enum(["true", "false"], { error: "must be true or false" }).transform((text) => text === "true");

function isAddressOrRange(text: string): boolean {
  const [, address = "", prefix = "1"] = /^([\da-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return Number(prefix) >= 1 && Number(prefix) <= bits;
}

/** What every variable must look like. A variable that is set but empty counts as not set. */
export const environmentSchema = z.object({
  NODE_ENV: z
    .enum(["production", "development", "test"], { error: "must be production, development or test" })
    .optional(),
  HOST: z.string().default("127.0.0.1"),
  PORT: whole(0, 65_535).default(4000),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must start with postgres:// or postgresql://")
    .optional(),
  DATA_DIR: z.string().default(".tollgate"),
  MODELS_DIR: z.string().default(path.join(root, "models")),
  SIGNING_KEYS_DIR: z.string().optional(),
  LOG_LEVEL: z.enum(logLevels, { error: `must be one of ${logLevels.join(", ")}` }).optional(),
  INTROSPECTION: flag.optional(),
  BODY_LIMIT_MB: whole(1, 256).default(32),
  TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(",").flatMap((proxy) => proxy.trim() || []))
    .refine((proxies) => proxies.every(isAddressOrRange), "must be addresses or ranges, such as 10.0.0.1,fd00::/8")
    .default([]),
  METRICS_TOKEN: z.string().min(16, "must be at least 16 characters").optional(),
  RUNNERS: whole(1, 64).optional(),
  RUNNER_MEMORY_MB: whole(256, 1_048_576).default(4096),
  MAX_QUEUED_INPUTS: whole(256, 1_000_000).default(16_384),
  MAX_QUEUED_INPUTS_PER_TENANT: whole(256, 1_000_000).default(8_192),
  MAX_DEADLINE_MS: whole(100, 600_000).default(30_000),
  MAX_REQUESTS_IN_FLIGHT: whole(1, 100_000).default(2_048),
  SHUTDOWN_TIMEOUT_MS: whole(1_000, 600_000).default(30_000),
});

/** Reads the environment once, and reports everything that is wrong with it at once. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = environmentSchema.safeParse(set);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new StartError(`The environment is not right: ${problems.join("; ")}. See .env.example.`);
  }
  return configOf(parsed.data);
}

/** The environment as it is, for a child process that reads it itself. */
export function readEnvironment(): Record<string, string | undefined> {
  return { ...process.env };
}

function configOf(variables: z.infer<typeof environmentSchema>): Config {
  const production = variables.NODE_ENV === "production";
  const dataDir = path.resolve(variables.DATA_DIR);
  return {
    production,
    host: variables.HOST,
    port: variables.PORT,
    databaseUrl: variables.DATABASE_URL,
    dataDir,
    modelsDir: path.resolve(variables.MODELS_DIR),
    dashboardDir: path.join(root, "dashboard", "dist"),
    signingKeysDir: path.resolve(variables.SIGNING_KEYS_DIR ?? path.join(dataDir, "signing-keys")),
    logLevel: variables.LOG_LEVEL ?? (production ? "info" : "warn"),
    introspection: variables.INTROSPECTION ?? !production,
    bodyLimitBytes: variables.BODY_LIMIT_MB * 1024 * 1024,
    trustedProxies: variables.TRUSTED_PROXIES,
    metricsToken: variables.METRICS_TOKEN,
    // One core is the gateway's own: its event loop, TLS and JSON keep it as busy as a runner.
    runners: variables.RUNNERS ?? Math.max(1, os.availableParallelism() - 1),
    runnerMemoryMb: variables.RUNNER_MEMORY_MB,
    maxQueuedInputs: variables.MAX_QUEUED_INPUTS,
    maxQueuedInputsPerTenant: variables.MAX_QUEUED_INPUTS_PER_TENANT,
    maxDeadlineMs: variables.MAX_DEADLINE_MS,
    requestsInFlight: variables.MAX_REQUESTS_IN_FLIGHT,
    shutdownTimeoutMs: variables.SHUTDOWN_TIMEOUT_MS,
  };
}
