import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { greySquare, signInAt, usedInputs } from "../support/people.ts";
import { type Ended, newDataDir, root, tollgate } from "../support/terminal.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createEmptyDatabase();
});

afterEach(() => GatewayProcess.killAll());

afterAll(async () => {
  await database.drop();
});

const sql = async (text: string) =>
  await withStartConnection(database.url, async (connection) => (await connection.query(text)).rows);

/** What `operator create` printed, as what the operator types to sign in. */
function personIn({ stdout }: Ended): { email: string; password: string } {
  const [, email = "", password = ""] = /^The operator (\S+) can sign in with the password (\S+) /.exec(stdout) ?? [];
  return { email, password };
}

describe("two gateways that start at the same moment on one empty database of your own", () => {
  test("apply each migration once, serve both, seed nothing, and start no Postgres", async () => {
    const dataDirs = [await newDataDir(), await newDataDir()];
    const keys = path.join(await newDataDir(), "keys");
    const [one, other] = await Promise.all(
      dataDirs.map((dataDir) =>
        GatewayProcess.start({ DATABASE_URL: database.url, DATA_DIR: dataDir, SIGNING_KEYS_DIR: keys }),
      ),
    );
    const migrations = (await readdir(path.join(root, "prisma/migrations"), { withFileTypes: true })).filter((entry) =>
      entry.isDirectory(),
    );
    const applied = await sql("select migration_name as name from _prisma_migrations where finished_at is not null");
    expect(applied.map(({ name }) => name).sort()).toEqual(migrations.map(({ name }) => name).sort());

    expect(await sql("select from users")).toEqual([]);
    expect(await sql("select from tenants")).toEqual([]);
    for (const dataDir of dataDirs) expect(await readdir(dataDir).catch(() => [])).toEqual([]);
    expect(one?.output).not.toContain("curl");

    const environment = { DATABASE_URL: database.url, DATA_DIR: dataDirs[0] ?? "" };
    const made = await tollgate(["operator", "create", "--email", "ada@platform.example"], { environment });
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const { client: operator } = await signInAt(one?.url ?? "", personIn(made));
    const { createTenant } = (
      await operator.ask("mutation($input: CreateTenantInput!) { createTenant(input: $input) { ownerPassword } }", {
        input: { name: "Acme", ownerEmail: "bob@acme.example" },
      })
    ).data;
    for (const gateway of [one, other]) {
      const { client: owner } = await signInAt(gateway?.url ?? "", {
        email: "bob@acme.example",
        password: createTenant.ownerPassword,
      });
      expect((await owner.infer({ model: "digits", inputs: [greySquare] })).errors).toEqual([]);
    }
    const { client } = await signInAt(other?.url ?? "", {
      email: "bob@acme.example",
      password: createTenant.ownerPassword,
    });
    expect(await usedInputs(client)).toBe(2);
    expect(await Promise.all([one?.stop(), other?.stop()])).toEqual([0, 0]);
    expect((await sql("select 1 as up"))[0]).toEqual({ up: 1 });
  });
});

describe("operator create", () => {
  const create = async (email: string) =>
    await tollgate(["operator", "create", "--email", email], {
      environment: { DATABASE_URL: database.url, DATA_DIR: await newDataDir() },
    });

  test("twice for one email is refused, and the first password goes on working", async () => {
    const first = await create("eve@platform.example");
    expect(first.code).toBe(0);
    const second = await create("Eve@platform.example");
    expect(second).toEqual({
      code: 1,
      stdout: "",
      stderr: "There is a user eve@platform.example already. Choose another email for the operator.\n",
    });
    const gateway = await GatewayProcess.start({ DATABASE_URL: database.url });
    const { client } = await signInAt(gateway.url, personIn(first));
    expect((await client.ask("{ me { __typename } }")).data.me.__typename).toBe("Principal");
  });

  test("refuses what is no email", async () => {
    const ended = await create("eve");
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("in production", () => {
  test("nothing is seeded even in an embedded Postgres, and the schema is hidden", async () => {
    const dataDir = await newDataDir();
    const gateway = await GatewayProcess.start({ NODE_ENV: "production", DATA_DIR: dataDir });
    expect(await readdir(dataDir)).not.toContain("demo.json");
    expect(gateway.output).not.toMatch(/curl|password/);
    const hidden = await new GraphqlClient(gateway.url).refusal("{ __schema { queryType { name } } }");
    expect(hidden.extensions.code).toBe("INVALID_INPUT");

    const made = await tollgate(["operator", "create", "--email", "ada@platform.example"], {
      environment: { NODE_ENV: "production", LOG_LEVEL: "warn", DATA_DIR: dataDir },
    });
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const { client: operator } = await signInAt(gateway.url, personIn(made));
    expect((await operator.ask("{ tenants { nodes { id } } }")).data.tenants.nodes).toEqual([]);
    expect(await gateway.stop()).toBe(0);
  });
});
