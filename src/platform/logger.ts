import { type DestinationStream, type Logger as PinoLogger, pino } from "pino";

export type Logger = PinoLogger;

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

// Whatever is logged under one of these names is a secret, at the top of an event or one or two levels below.
const secretFields = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "accessToken",
  "refreshToken",
  "ownerPassword",
  "inputs",
];

/** Structured events on stderr (stdout belongs to people), secrets and payloads cut out by path. */
export function createLogger(level: LogLevel, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: "[redacted]" },
    },
    destination,
  );
}
