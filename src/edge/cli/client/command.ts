import type { ParseArgsConfig } from "node:util";
import type { ExitCode } from "./errors.ts";
import type { GatewayClient } from "./gateway-client.ts";
import type { Terminal } from "./terminal.ts";

export interface Invocation {
  client: GatewayClient;
  positionals: readonly string[];
  values: Readonly<Record<string, unknown>>;
  terminal: Terminal;
}

/** One thing that the terminal client does. */
export interface Command {
  usage: string;
  summary: string;
  options: NonNullable<ParseArgsConfig["options"]>;
  run: (invocation: Invocation) => Promise<ExitCode>;
}
