import { parseArgs } from "node:util";
import { type SeededHour, seededHours } from "../../domains/usage/usage-seed.ts";
import { StartError } from "../../platform/start-error.ts";

interface SeededTenant {
  id: string;
  closedUntil: Date | undefined;
}

interface SeedStore<Tenant extends SeededTenant> {
  find(id: string | undefined): Promise<Tenant | undefined>;
  makeMonths(period: { startsAt: Date; endsAt: Date }): Promise<void>;
  insert(tenant: Tenant, hours: SeededHour[]): Promise<void>;
  finish(): Promise<void>;
}

const use = "Use it as: npm run seed:usage -- --events 1000000 [--tenant ten_…] [--months 12]";
// Of what one transaction writes: enough that commits cost nothing, few enough that it shows how far it is.
const eventsAtATime = 100_000;

/**
 * Fills a tenant's ledger with made-up usage of the last months, spread over days and weeks as in life. For trying
 * Tollgate under load, so not in production; there the ledger holds what happened, and nothing else.
 */
export async function seedUsage<Tenant extends SeededTenant>(
  argv: string[],
  options: { store: SeedStore<Tenant>; isProduction: boolean; now: Date; print: (line: string) => void },
): Promise<number> {
  const { store, isProduction, now, print } = options;
  if (isProduction) throw new StartError("seed:usage makes usage up: it does not run where NODE_ENV is production.");
  const { events, tenantId, months } = readArguments(argv);
  const tenant = await store.find(tenantId);
  if (tenant === undefined)
    throw new StartError("There is no such tenant, or it is on no plan. Start the gateway once first.");
  const startsAt = laterOf(monthsBefore(now, months), tenant.closedUntil);
  const period = { startsAt, endsAt: now };
  await store.makeMonths(period);
  const startedAt = performance.now();
  let written = 0;
  for (const hours of portionsOf(seededHours(period, events))) {
    await store.insert(tenant, hours);
    written += sumOf(hours);
    print(`${written} of ${events} events`);
  }
  await store.finish();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  print(`${tenant.id} has ${written} more usage events since ${startsAt.toISOString()}, written in ${seconds} s.`);
  print("Its quota of this period may be used up by them; `npm run usage:verify` shows that they add up.");
  return 0;
}

function readArguments(argv: string[]): { events: number; tenantId: string | undefined; months: number } {
  const { values } = parsedArguments(argv);
  const [events, months] = [Number(values.events), Number(values.months)];
  const areWhole = Number.isInteger(events) && Number.isInteger(months);
  if (!areWhole || events < 1 || events > 100_000_000 || months < 1 || months > 60) throw new StartError(use);
  return { events, months, tenantId: values.tenant };
}

function parsedArguments(argv: string[]) {
  const options = {
    events: { type: "string" },
    tenant: { type: "string" },
    months: { type: "string", default: "12" },
  } as const;
  try {
    return parseArgs({ args: argv, options });
  } catch (cause) {
    throw new StartError(use, { cause });
  }
}

function* portionsOf(hours: SeededHour[]): Generator<SeededHour[]> {
  let portion: SeededHour[] = [];
  for (const hour of hours) {
    portion.push(hour);
    if (sumOf(portion) < eventsAtATime) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

function sumOf(hours: SeededHour[]): number {
  return hours.reduce((sum, { events }) => sum + events, 0);
}

function monthsBefore(at: Date, months: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - months, at.getUTCDate()));
}

function laterOf(one: Date, other: Date | undefined): Date {
  return other !== undefined && other > one ? other : one;
}
