import { parseArgs } from "node:util";
import { messageOf } from "../../../core/errors.ts";
import type { Command } from "./command.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "./errors.ts";
import { inferCommand } from "./infer-command.ts";
import {
  cancelCommand,
  listCommand,
  resultsCommand,
  resumeCommand,
  retryCommand,
  showCommand,
  submitCommand,
  watchCommand,
} from "./jobs-commands.ts";
import { logIn, logOut } from "./login-command.ts";
import { openSession, type Surroundings } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { usageCommand } from "./usage-command.ts";

const commands = new Map<string, Command>([
  ["infer", inferCommand],
  ["jobs submit", submitCommand],
  ["jobs watch", watchCommand],
  ["jobs list", listCommand],
  ["jobs show", showCommand],
  ["jobs results", resultsCommand],
  ["jobs cancel", cancelCommand],
  ["jobs resume", resumeCommand],
  ["jobs retry", retryCommand],
  ["usage", usageCommand],
]);

/** The terminal client: one command, its exit code. An error that was foreseen is a sentence on `err`. */
export async function runCli(
  argv: readonly string[],
  surroundings: Surroundings,
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    return await dispatch(argv, surroundings, terminal);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    terminal.err.write(`${error.message}\n`);
    return error.exitCode;
  }
}

async function dispatch(argv: readonly string[], surroundings: Surroundings, terminal: Terminal): Promise<ExitCode> {
  const [first = "help", second = ""] = argv;
  if (first === "help" || first === "--help" || first === "-h") {
    terminal.out.write(help());
    return exitCodes.OK;
  }
  if (first === "login") {
    const { values } = parsed(argv.slice(1), { email: { type: "string" } });
    const email = values["email"];
    return await logIn(surroundings, { email: typeof email === "string" ? email : undefined, terminal });
  }
  if (first === "logout") return await logOut(surroundings, terminal);
  const [name, rest] = first === "jobs" ? [`${first} ${second}`, argv.slice(2)] : [first, argv.slice(1)];
  const command = commands.get(name);
  if (command === undefined) throw usageError(`There is no command ${name.trim()}. \`tollgate help\` lists them.`);
  const { values, positionals } = parsed(rest, command.options);
  const client = await openSession(surroundings);
  return await command.run({ client, positionals, values, terminal });
}

function parsed(args: readonly string[], options: Command["options"]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw usageError(`${messageOf(error)} \`tollgate help\` lists what there is.`);
  }
}

function help(): string {
  const lines = [...commands.values()].map(({ usage, summary }) => `  ${usage}\n      ${summary}`);
  return [
    "The terminal client of Tollgate.",
    "",
    "  tollgate login [--email <email>]\n      Signs a person in; machines set TOLLGATE_API_KEY instead.",
    "  tollgate logout\n      Forgets who signed in.",
    ...lines,
    "",
    "  TOLLGATE_API_KEY   the API key to ask with",
    "  TOLLGATE_URL       the gateway, http://localhost:4000 where it is not set",
    "",
    "Exit codes: 0 done, 1 refused, 2 wrong use, 3 not every item was answered, 4 the gateway cannot be reached.",
    "",
  ].join("\n");
}
