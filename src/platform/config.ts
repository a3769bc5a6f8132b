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
  guestRunners: number;
  runnerMemoryMb: number;
  /** Absent: CUDA is tried where its library is there. */
  executionProvider: "PREFER_CUDA" | "REQUIRE_CUDA" | "CPU_ONLY" | undefined;
  maxQueuedInputs: number;
  maxQueuedInputsPerVersion: number;
  maxQueuedInputsPerTenant: number;
  maxInFlightBytes: number;
  maxDeadlineMs: number;
  requestsInFlight: number;
  /** `s3://…`; absent: a folder under `dataDir`. */
  artifactStore: string | undefined;
  maxArtifactBytes: number;
  maxArtifactsBytesPerTenant: number;
  maxLiveVersionsPerTenant: number;
  usageRetentionMonths: number;
  shutdownTimeoutMs: number;
  billing: {
    /** Who asks for money, as invoices say it. Texts may be empty, but for the name. */
    seller: { name: string; address: string; taxId: string };
    graceMs: number;
    dueDays: number;
    /** A font for what the ones that come with Tollgate lack. */
    fontFile: string | undefined;
  };
  /** Slices of jobs that this process works on at once; 0: none. */
  workers: number;
  maxDatasetBytes: number;
  datasetRetentionDays: number;
  resultsRetentionDays: number;
  maxStreams: number;
  maxStreamsPerTenant: number;
  /** Whether webhooks may go to private addresses, and without TLS. */
  webhookAllowPrivate: boolean;
  webhookTimeoutMs: number;
  webhookRetentionDays: number;
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
  GUEST_RUNNERS: whole(1, 64).default(4),
  RUNNER_MEMORY_MB: whole(256, 1_048_576).default(4096),
  EXECUTION_PROVIDER: z
    .enum(["PREFER_CUDA", "REQUIRE_CUDA", "CPU_ONLY"], { error: "must be PREFER_CUDA, REQUIRE_CUDA or CPU_ONLY" })
    .optional(),
  MAX_QUEUED_INPUTS: whole(256, 1_000_000).default(16_384),
  MAX_QUEUED_INPUTS_PER_VERSION: whole(256, 1_000_000).default(16_384),
  MAX_QUEUED_INPUTS_PER_TENANT: whole(256, 1_000_000).default(8_192),
  MAX_IN_FLIGHT_MB: whole(64, 65_536).default(512),
  MAX_DEADLINE_MS: whole(100, 600_000).default(30_000),
  MAX_REQUESTS_IN_FLIGHT: whole(1, 100_000).default(2_048),
  ARTIFACT_STORE: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]+(\/|\?|$)/, "must look like s3://bucket/prefix?region=eu-central-1")
    .optional(),
  MAX_ARTIFACT_MB: whole(1, 65_536).default(512),
  MAX_ARTIFACTS_MB_PER_TENANT: whole(1, 1_048_576).default(8_192),
  MAX_LIVE_VERSIONS_PER_TENANT: whole(1, 10_000).default(100),
  USAGE_RETENTION_MONTHS: whole(13, 1_200).default(25),
  SHUTDOWN_TIMEOUT_MS: whole(1_000, 600_000).default(30_000),
  SELLER_NAME: z.string().default("Tollgate"),
  SELLER_ADDRESS: z
    .string()
    .transform((text) =>
      text
        .split("|")
        .map((line) => line.trim())
        .join("\n"),
    )
    .default(""),
  SELLER_TAX_ID: z.string().default(""),
  INVOICE_GRACE_MINUTES: whole(0, 10_080).default(60),
  INVOICE_DUE_DAYS: whole(0, 365).default(14),
  INVOICE_FONT: z.string().optional(),
  WORKERS: whole(0, 64).default(4),
  MAX_DATASET_MB: whole(1, 1_048_576).default(1_024),
  DATASET_RETENTION_DAYS: whole(1, 3_650).default(7),
  RESULTS_RETENTION_DAYS: whole(1, 3_650).default(30),
  MAX_STREAMS: whole(1, 100_000).default(1_024),
  MAX_STREAMS_PER_TENANT: whole(1, 100_000).default(128),
  WEBHOOK_ALLOW_PRIVATE: flag.optional(),
  WEBHOOK_TIMEOUT_MS: whole(100, 60_000).default(15_000),
  WEBHOOK_RETENTION_DAYS: whole(8, 3_650).default(30),
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
    guestRunners: variables.GUEST_RUNNERS,
    runnerMemoryMb: variables.RUNNER_MEMORY_MB,
    executionProvider: variables.EXECUTION_PROVIDER,
    maxQueuedInputs: variables.MAX_QUEUED_INPUTS,
    maxQueuedInputsPerVersion: variables.MAX_QUEUED_INPUTS_PER_VERSION,
    maxInFlightBytes: variables.MAX_IN_FLIGHT_MB * 1024 * 1024,
    maxQueuedInputsPerTenant: variables.MAX_QUEUED_INPUTS_PER_TENANT,
    maxDeadlineMs: variables.MAX_DEADLINE_MS,
    requestsInFlight: variables.MAX_REQUESTS_IN_FLIGHT,
    artifactStore: variables.ARTIFACT_STORE,
    maxArtifactBytes: variables.MAX_ARTIFACT_MB * 1024 * 1024,
    maxArtifactsBytesPerTenant: variables.MAX_ARTIFACTS_MB_PER_TENANT * 1024 * 1024,
    maxLiveVersionsPerTenant: variables.MAX_LIVE_VERSIONS_PER_TENANT,
    usageRetentionMonths: variables.USAGE_RETENTION_MONTHS,
    shutdownTimeoutMs: variables.SHUTDOWN_TIMEOUT_MS,
    workers: variables.WORKERS,
    maxDatasetBytes: variables.MAX_DATASET_MB * 1024 * 1024,
    datasetRetentionDays: variables.DATASET_RETENTION_DAYS,
    resultsRetentionDays: variables.RESULTS_RETENTION_DAYS,
    maxStreams: variables.MAX_STREAMS,
    maxStreamsPerTenant: variables.MAX_STREAMS_PER_TENANT,
    webhookAllowPrivate: variables.WEBHOOK_ALLOW_PRIVATE ?? !production,
    webhookTimeoutMs: variables.WEBHOOK_TIMEOUT_MS,
    webhookRetentionDays: variables.WEBHOOK_RETENTION_DAYS,
    billing: billingOf(variables),
  };
}

function billingOf(variables: z.infer<typeof environmentSchema>): Config["billing"] {
  return {
    seller: { name: variables.SELLER_NAME, address: variables.SELLER_ADDRESS, taxId: variables.SELLER_TAX_ID },
    graceMs: variables.INVOICE_GRACE_MINUTES * 60_000,
    dueDays: variables.INVOICE_DUE_DAYS,
    fontFile: variables.INVOICE_FONT === undefined ? undefined : path.resolve(variables.INVOICE_FONT),
  };
}
