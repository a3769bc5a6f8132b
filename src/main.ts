import "reflect-metadata";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { type App, resolverClasses, startApp } from "./app.ts";
import { buildBilling } from "./billing-assembly.ts";
import { systemClock } from "./core/clock.ts";
import { messageOf, TollgateError } from "./core/errors.ts";
import { ReconciliationStore } from "./domains/billing/reconciliation.store.ts";
import { DriftStore } from "./domains/usage/drift.store.ts";
import { UsageSeedStore } from "./domains/usage/usage-seed.store.ts";
import { OperatorsService } from "./domains/users/operators.service.ts";
import { Passwords } from "./domains/users/passwords.ts";
import { rotateSigningKeys } from "./domains/users/signing-keys.ts";
import { UserStore } from "./domains/users/user.store.ts";
import { issueInvoices, parseMonth, reconcile } from "./edge/cli/billing-commands.ts";
import { runDemo } from "./edge/cli/demo.ts";
import { seedDemo } from "./edge/cli/demo-seed.ts";
import { runDoctor } from "./edge/cli/doctor.ts";
import { seedUsage } from "./edge/cli/seed-usage.ts";
import { rebuildUsage, verifyUsage } from "./edge/cli/usage-commands.ts";
import { welcome } from "./edge/cli/welcome.ts";
import { printedSchema, schemaOf } from "./edge/graphql/schema.ts";
import type { Serves } from "./edge/http/server.ts";
import { type Config, readConfig, readEnvironment } from "./platform/config.ts";
import { type Database, openDatabase } from "./platform/database.ts";
import { createLogger, type Logger } from "./platform/logger.ts";
import { openPostgres, type Postgres } from "./platform/postgres.ts";
import { listenForStop } from "./platform/shutdown.ts";
import { StartError } from "./platform/start-error.ts";

const root = path.resolve(import.meta.dirname, "..");
const examplesDir = path.join(root, "examples");
const print = (line: string) => process.stdout.write(`${line}\n`);

type Command = (argv: string[]) => Promise<number>;

const commands = new Map<string, Command>([
  ["start", () => serve("CALLERS")],
  ["worker", () => serve("OPERATORS")],
  ["demo", demo],
  ["operator", operator],
  ["usage", usage],
  ["billing", billing],
  ["seed-usage", seedUsageCommand],
  ["signing-keys", signingKeys],
  ["schema", schema],
  ["doctor", doctor],
]);

/** Serves, or works on jobs and nothing else, until it is told to stop. */
async function serve(serves: Serves): Promise<number> {
  const stop = listenForStop();
  const config = readConfig();
  if (serves === "OPERATORS" && config.workers === 0) throw new StartError("A worker needs WORKERS=1 or more.");
  const logger = createLogger(config.logLevel);
  const postgres = await openPostgres(config, logger, { adoptedIsOurs: true });
  let app: App | undefined;
  try {
    // Asked to stop while it starts, it does not go on to open the door.
    if (!stop.isMade()) app = await startApp({ config, logger, databaseUrl: postgres.url, serves });
    if (app !== undefined) await Promise.race([app.ready, stop.made]);
    if (app !== undefined && !stop.isMade()) await greet(config, { app, postgres, serves });
    logger.info({ signal: await stop.made }, "stopping");
  } finally {
    await app?.close();
    await postgres.stop();
  }
  return 0;
}

async function greet(
  config: Config,
  { app, postgres, serves }: { app: App; postgres: Postgres; serves: Serves },
): Promise<void> {
  const { url, people, keys } = app;
  if (serves === "OPERATORS") {
    print(
      `\n  A worker of Tollgate is ready; it tells how it is at ${url}/readyz and ${url}/metrics. Stop with Ctrl-C.\n`,
    );
    return;
  }
  const demoFile = path.join(config.dataDir, "demo.json");
  const isDemo = postgres.isEmbedded && !config.production;
  const seeded = isDemo
    ? await seedDemo({
        file: demoFile,
        url,
        operators: people.operators,
        tenants: people.tenantService,
        keys: keys.service,
        userIdOf: async (email) => (await people.users.findByEmail(email))?.id,
      })
    : undefined;
  print(welcome({ url, demo: seeded, demoFile, examplesDir }));
}

async function demo(): Promise<number> {
  const environment = readEnvironment();
  return await runDemo({
    dataDir: environment["DATA_DIR"] || undefined,
    startCommand: {
      program: process.execPath,
      arguments: [path.join(import.meta.dirname, "main.js"), "start"],
      environment,
    },
    examplesDir,
    out: process.stdout,
  });
}

async function operator(argv: string[]): Promise<number> {
  const email = emailIn(argv);
  if (email === undefined) throw new StartError("Use it as: npm run operator -- create --email you@example.com");
  return await withDatabase(async (database) => {
    const service = new OperatorsService(new UserStore(database), new Passwords());
    const { password } = await service.createOperator({ email });
    print(`The operator ${email} can sign in with the password ${password} (shown this once).`);
    return 0;
  });
}

function emailIn(argv: string[]): string | undefined {
  try {
    const options = { email: { type: "string" } } as const;
    const { positionals, values } = parseArgs({ args: argv, allowPositionals: true, options });
    return positionals.join(" ") === "create" ? values.email : undefined;
  } catch {
    return undefined; // an option that there is not
  }
}

async function usage(argv: string[]): Promise<number> {
  const work = new Map([
    ["verify", verifyUsage],
    ["rebuild", rebuildUsage],
  ]).get(argv.join(" "));
  if (work === undefined) throw new StartError("Use it as: npm run usage:verify, or npm run usage:rebuild");
  return await withDatabase((database) => work(new DriftStore(database), print));
}

async function billing(argv: string[]): Promise<number> {
  const { command, period } = billingWords(argv);
  if (command === "reconcile") {
    const month = parseMonth(period);
    return await withDatabase((database) => reconcile(new ReconciliationStore(database), month, print));
  }
  if (command !== "issue") throw new StartError("Use it as: npm run billing:issue, or npm run billing:reconcile");
  return await withDatabase((database, logger) => {
    const { issueDue } = buildBilling({ config: readConfig(), logger, clock: systemClock, database });
    return issueInvoices(() => issueDue("system"), print);
  });
}

function billingWords(argv: string[]): { command: string; period: string | undefined } {
  try {
    const options = { period: { type: "string" } } as const;
    const { positionals, values } = parseArgs({ args: argv, allowPositionals: true, options });
    return { command: positionals.join(" "), period: values.period };
  } catch {
    return { command: "", period: undefined }; // an option that there is not
  }
}

async function seedUsageCommand(argv: string[]): Promise<number> {
  const isProduction = readConfig().production;
  return await withDatabase((database) =>
    seedUsage(argv, { store: new UsageSeedStore(database), isProduction, now: new Date(), print }),
  );
}

async function signingKeys(argv: string[]): Promise<number> {
  if (argv[0] !== "rotate") throw new StartError("Use it as: npm run signing-keys -- rotate");
  const { added, deleted } = await rotateSigningKeys(readConfig().signingKeysDir, new Date());
  print(
    `Access tokens are now signed with ${added}. Older keys still verify; ${deleted.length} that nothing can need were deleted.`,
  );
  return 0;
}

/** Writes schema.graphql as the code has it. */
async function schema(): Promise<number> {
  await writeFile(path.join(root, "schema.graphql"), printedSchema(await schemaOf(resolverClasses, [])));
  print("schema.graphql is current.");
  return 0;
}

/** Says what this machine has of what Tollgate needs. */
async function doctor(): Promise<number> {
  return await runDoctor({ config: readConfig(), logger: createLogger("silent") }, print);
}

/** For commands: the database of the configuration, whether or not a gateway is running on it. */
async function withDatabase(work: (database: Database, logger: Logger) => Promise<number>): Promise<number> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  const postgres = await openPostgres(config, logger, { adoptedIsOurs: false });
  try {
    const hourMs = 3_600_000;
    const database = await openDatabase(postgres.url, hourMs);
    try {
      return await work(database, logger);
    } finally {
      await database.close();
    }
  } finally {
    await postgres.stop();
  }
}

async function main(): Promise<void> {
  const [name = "start", ...argv] = process.argv.slice(2);
  const command = commands.get(name);
  try {
    if (command === undefined)
      throw new StartError(`There is no command ${name}. There are: ${[...commands.keys()].join(", ")}.`);
    process.exitCode = await command(argv);
  } catch (error) {
    // What was foreseen is one sentence; anything else is our mistake, and its stack helps to mend it.
    const isForeseen = error instanceof StartError || error instanceof TollgateError;
    process.stderr.write(
      isForeseen ? `${error.message}\n` : `${error instanceof Error ? error.stack : messageOf(error)}\n`,
    );
    process.exitCode = 1;
  }
  process.exit();
}

await main();
