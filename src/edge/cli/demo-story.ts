import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Demo } from "./demo-seed.ts";
import { ask } from "./graphql-client.ts";

interface Stage {
  demo: Demo;
  examplesDir: string;
  say: (line: string) => void;
  /** Shows how far a step is; called often. */
  progress: (done: number, of: number) => void;
}

interface Example {
  /** What the model takes: a picture as base64, or a text. */
  input: { image: string } | { text: string };
  label: string;
}

const atOnce = 8;
const inferShape = z.object({ infer: z.object({ outputs: z.array(z.object({ label: z.string() })) }) });
const inferQuery = "mutation($input: InferInput!) { infer(input: $input) { outputs { label } } }";

/**
 * The whole story of a tenant: made by an operator, its owner signs in and issues a key, the key asks both models, and
 * the usage report tells of every input. Returns what did not hold.
 */
export async function playStory(stage: Stage): Promise<string[]> {
  const { demo, say, examplesDir } = stage;
  const startsAt = new Date(Date.now() - 60_000).toISOString();
  const operator = await signIn(demo.url, demo.operator);
  say("The operator signed in.");
  const owner = await createTenant(demo.url, operator);
  say(`The operator made the tenant ${owner.tenantName}; its owner signed in.`);
  const apiKey = await issueKey(demo.url, owner.accessToken);
  say(`The owner issued an API key: ${apiKey.prefix}…`);

  const digits = await digitExamples(path.join(examplesDir, "digits"));
  const rightDigits = await inferAll(stage, { model: "digits", apiKey: apiKey.secret, examples: digits });
  say(`${digits.length} digits, one request each: ${rightDigits} recognised.`);
  const mails = await mailExamples(path.join(examplesDir, "mails"));
  const rightMails = await inferAll(stage, { model: "mail", apiKey: apiKey.secret, examples: mails });
  say(`${mails.length} mails, one request each: ${rightMails} told apart rightly.`);

  const expected: Usage = { digits: digits.length, mail: mails.length, total: digits.length + mails.length };
  const reported = await reportUsage(demo.url, owner.accessToken, startsAt);
  say(
    `The usage report says: ${reported.digits} digits, ${reported.mail} mails, ${reported.total} inputs, ${reported.amount} micro-dollars.`,
  );
  const stranger = await signIn(demo.url, demo.owner);
  const strangers = await reportUsage(demo.url, stranger, startsAt);
  say(`The demo tenant's owner sees of it: ${strangers.total} inputs.`);

  const problems = differences("the usage report", expected, reported);
  const none: Usage = { digits: 0, mail: 0, total: 0 };
  problems.push(...differences("what another tenant sees", none, strangers));
  if (reported.limitUsed !== expected.total)
    problems.push(`the quota counts ${reported.limitUsed} inputs instead of ${expected.total}`);
  if (rightDigits < 0.9 * digits.length)
    problems.push(`only ${rightDigits} of ${digits.length} digits were recognised`);
  if (rightMails < 0.9 * mails.length)
    problems.push(`only ${rightMails} of ${mails.length} mails were told apart rightly`);
  return problems;
}

interface Usage {
  digits: number;
  mail: number;
  total: number;
}

function differences(what: string, expected: Usage, reported: Usage): string[] {
  const keys = ["digits", "mail", "total"] as const;
  return keys.flatMap((key) =>
    expected[key] === reported[key] ? [] : [`${what} has ${reported[key]} under ${key} instead of ${expected[key]}`],
  );
}

async function signIn(url: string, person: { email: string; password: string }): Promise<string> {
  const answer = await ask(
    { url, credential: undefined },
    "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }",
    {
      variables: { input: person },
      shape: z.object({ signIn: z.object({ accessToken: z.string() }) }),
    },
  );
  return answer.signIn.accessToken;
}

async function createTenant(url: string, operator: string): Promise<{ tenantName: string; accessToken: string }> {
  const tenantName = `Story ${new Date().toISOString().slice(0, 19)}`;
  const email = `owner-${Date.now()}@story.example`;
  const answer = await ask(
    { url, credential: operator },
    "mutation($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id } ownerPassword } }",
    {
      variables: { input: { name: tenantName, ownerEmail: email } },
      shape: z.object({ createTenant: z.object({ tenant: z.object({ id: z.string() }), ownerPassword: z.string() }) }),
    },
  );
  const accessToken = await signIn(url, { email, password: answer.createTenant.ownerPassword });
  return { tenantName, accessToken };
}

async function issueKey(url: string, owner: string): Promise<{ secret: string; prefix: string }> {
  const answer = await ask(
    { url, credential: owner },
    "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { secret apiKey { prefix } } }",
    {
      variables: { input: { name: "story", permissions: ["inferences:create"] } },
      shape: z.object({ issueApiKey: z.object({ secret: z.string(), apiKey: z.object({ prefix: z.string() }) }) }),
    },
  );
  return { secret: answer.issueApiKey.secret, prefix: answer.issueApiKey.apiKey.prefix };
}

/** Asks for each example in a request of its own, several at once, and returns how many answers were right. */
async function inferAll(stage: Stage, of: { model: string; apiKey: string; examples: Example[] }): Promise<number> {
  let right = 0;
  let done = 0;
  const waiting = [...of.examples];
  const askOn = async () => {
    for (let example = waiting.shift(); example !== undefined; example = waiting.shift()) {
      const answer = await ask({ url: stage.demo.url, credential: of.apiKey }, inferQuery, {
        variables: { input: { model: of.model, inputs: [example.input] } },
        shape: inferShape,
      });
      if (answer.infer.outputs[0]?.label === example.label) right += 1;
      done += 1;
      stage.progress(done, of.examples.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOn));
  return right;
}

async function reportUsage(
  url: string,
  credential: string,
  startsAt: string,
): Promise<Usage & { amount: string; limitUsed: number | undefined }> {
  const quantity = z.object({ quantity: z.number(), amount: z.string() });
  const answer = await ask(
    { url, credential },
    `query($input: UsageReportInput!) {
      usage(input: $input) { rows { model { name } quantity amount } total { quantity amount } }
      limits { meter used }
    }`,
    {
      variables: { input: { startsAt, endsAt: new Date(Date.now() + 60_000).toISOString(), groupBy: ["MODEL"] } },
      shape: z.object({
        usage: z.object({
          rows: z.array(quantity.extend({ model: z.object({ name: z.string() }) })),
          total: z.array(quantity),
        }),
        limits: z.array(z.object({ meter: z.string().nullable(), used: z.number() })),
      }),
    },
  );
  const of = (name: string) => answer.usage.rows.find((row) => row.model.name === name)?.quantity ?? 0;
  const [total] = answer.usage.total;
  return {
    digits: of("digits"),
    mail: of("mail"),
    total: total?.quantity ?? 0,
    amount: total?.amount ?? "0",
    limitUsed: answer.limits.find((limit) => limit.meter === "inputs")?.used,
  };
}

async function digitExamples(folder: string): Promise<Example[]> {
  const files = await filesIn(folder, ".png");
  return await Promise.all(
    files.map(async (file) => ({
      input: { image: await readFile(path.join(folder, file), "base64") },
      label: labelIn(file),
    })),
  );
}

async function mailExamples(folder: string): Promise<Example[]> {
  const files = await filesIn(folder, ".txt");
  return await Promise.all(
    files.map(async (file) => ({
      input: { text: await readFile(path.join(folder, file), "utf8") },
      label: labelIn(file),
    })),
  );
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith(ending)).sort();
}

/** `73-7.png` is labelled 7. */
function labelIn(file: string): string {
  return path.parse(file).name.split("-")[1] ?? "";
}
