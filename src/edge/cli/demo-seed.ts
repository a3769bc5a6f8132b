import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { apiKeyPermissions, rolePermissions } from "../../core/permission.ts";
import type { ApiKeyService } from "../../domains/keys/keys.service.ts";
import type { TenantService } from "../../domains/tenants/tenant.service.ts";
import type { OperatorsService } from "../../domains/users/operators.service.ts";
import { StartError } from "../../platform/start-error.ts";

const person = z.object({ email: z.string(), password: z.string() });
const demoSchema = z.object({ url: z.string(), operator: person, owner: person, apiKey: z.string() });

/** What the first start leaves in DATA_DIR/demo.json: who can sign in, and a key. */
export type Demo = z.infer<typeof demoSchema>;

interface SeedOptions {
  file: string;
  url: string;
  operators: OperatorsService;
  tenants: TenantService;
  keys: ApiKeyService;
  userIdOf: (email: string) => Promise<string | undefined>;
}

const ownerName = "owner";

/**
 * An operator, a tenant with its owner, and an API key, on the first start. Later starts read the file, and keep its
 * `url` true. Undefined: the file was taken away, and the passwords in it are nowhere else.
 */
export async function seedDemo(options: SeedOptions): Promise<Demo | undefined> {
  if (existsSync(options.file)) return await keepUrl(options.file, options.url);
  // A draft without the file: a first start was killed while it made these people, and nobody knows their passwords.
  const wasInterrupted = existsSync(draftOf(options.file));
  if (!wasInterrupted && (await options.userIdOf(emailOf(ownerName))) !== undefined) return undefined;
  await writeFile(draftOf(options.file), "", { mode: 0o600 });
  const demo = await makeDemo(options);
  await writeSecretly(options.file, demo);
  return demo;
}

const emailOf = (name: string) => `${name}@demo.example`;

/** The demo's address for the name, or another where somebody has that one. */
async function freeEmail(name: string, { userIdOf }: SeedOptions): Promise<string> {
  if ((await userIdOf(emailOf(name))) === undefined) return emailOf(name);
  return emailOf(`${name}-${randomBytes(4).toString("hex")}`);
}

async function makeDemo(options: SeedOptions): Promise<Demo> {
  const { url, operators, tenants, keys, userIdOf } = options;
  const [operatorEmail, ownerEmail] = [await freeEmail("operator", options), await freeEmail(ownerName, options)];
  const operator = await operators.createOperator({ email: operatorEmail });
  const { tenant, ownerPassword } = await tenants.createTenant({
    name: "Demo",
    planName: "standard",
    ownerEmail,
    actorId: operator.userId,
    requestId: undefined,
  });
  const userId = await userIdOf(ownerEmail);
  if (userId === undefined || ownerPassword === undefined) throw new Error("the demo tenant was made without an owner");
  const { secret } = await keys.issue(
    {
      principal: {
        kind: "MEMBER",
        userId,
        signInId: "",
        tenantId: tenant.id,
        permissions: new Set(rolePermissions.OWNER),
      },
      requestId: undefined,
    },
    { name: "demo", permissions: [...apiKeyPermissions], expiresAt: undefined, allowedCidrs: [] },
  );
  return {
    url,
    operator: { email: operatorEmail, password: operator.password },
    owner: { email: ownerEmail, password: ownerPassword },
    apiKey: secret,
  };
}

export async function readDemo(file: string): Promise<Demo> {
  try {
    return demoSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new StartError(
      `${file} cannot be used: ${messageOf(error)}. Take it away, and DATA_DIR with it, to start afresh.`,
      {
        cause: error,
      },
    );
  }
}

async function keepUrl(file: string, url: string): Promise<Demo> {
  const demo = { ...(await readDemo(file)), url };
  await writeSecretly(file, demo);
  return demo;
}

function draftOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.new`);
}

// Written beside and moved into place: a crash in between must not leave half a file with the only copy of a password.
async function writeSecretly(file: string, demo: Demo): Promise<void> {
  await writeFile(draftOf(file), `${JSON.stringify(demo, undefined, 2)}\n`, { mode: 0o600 });
  await rename(draftOf(file), file);
}
