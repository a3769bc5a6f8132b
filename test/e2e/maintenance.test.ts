import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withStartConnection } from "../../src/platform/start-connection.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { greySquare, signInAt, usedInputs } from "../support/people.ts";
import { demoIn, embeddedUrl, newDataDir, processesNaming, tollgate } from "../support/terminal.ts";

let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  dataDir = await newDataDir();
  gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
  for (const inputs of [[greySquare], [greySquare, greySquare]]) {
    expect((await (await key()).infer({ model: "digits", inputs })).errors).toEqual([]);
  }
});

afterAll(() => GatewayProcess.killAll());

const key = async () => new GraphqlClient(gateway.url, (await demoIn(dataDir)).apiKey);
const command = async (...words: string[]) => await tollgate(words, { environment: { DATA_DIR: dataDir } });
const sound = {
  code: 0,
  stdout: "No drift: 2 usage events, and every counter and rollup is what they add up to.\n",
  stderr: "",
};

describe("usage verify", () => {
  test("finds no drift beside a running gateway, which goes on", async () => {
    expect(await command("usage", "verify")).toEqual(sound);
    expect(await usedInputs(await key())).toBe(3);
  });

  test("finds none where the gateway is stopped, and leaves no Postgres behind", async () => {
    expect(await gateway.stop()).toBe(0);
    expect(await command("usage", "verify")).toEqual(sound);
    expect(await processesNaming(dataDir)).toEqual([]);
    gateway = await GatewayProcess.start({ DATA_DIR: dataDir });
  });

  test.each([
    [
      "a counter that was touched",
      "update usage_counters set quantity = quantity + 4 where plan_version_id = ''",
      /^usage_counters .* cached 7, events add up to 3$/m,
    ],
    ["a rollup that was lost", "delete from usage_hourly", /^usage_hourly .* cached 0, events add up to /m],
  ])("prints %s and exits with 1; usage rebuild mends it", async (_name, damage, line) => {
    await withStartConnection(await embeddedUrl(dataDir), (connection) => connection.query(damage));
    const drifted = await command("usage", "verify");
    expect(drifted.code).toBe(1);
    expect(drifted.stdout).toMatch(line);
    expect(drifted.stdout).toMatch(/drifted from 2 usage events\. `npm run usage:rebuild` makes them again\.$/m);
    expect(await command("usage", "rebuild")).toEqual({
      ...sound,
      stdout: `Counters and rollups were made again from the usage events.\n${sound.stdout}`,
    });
    expect(await command("usage", "verify")).toEqual(sound);
    expect(await usedInputs(await key())).toBe(3);
  });
});

describe("signing-keys rotate beside a running gateway", () => {
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8")).kid;

  test("signs new tokens with the new key within seconds, while the old ones go on working", async () => {
    const before = await signInAt(gateway.url, (await demoIn(dataDir)).owner);
    const { code, stdout } = await command("signing-keys", "rotate");
    expect(code).toBe(0);
    const [, added] = /^Access tokens are now signed with (\S+)\. /.exec(stdout) ?? [];
    expect(added).not.toBe(kidOf(before.accessToken));

    let { refreshToken } = before;
    const fresh = await eventually(
      async () => {
        const answer = await new GraphqlClient(gateway.url).ask(
          "mutation($input: RefreshAccessTokenInput!) { refreshAccessToken(input: $input) { accessToken refreshToken } }",
          { input: { refreshToken } },
        );
        const tokens = answer.data.refreshAccessToken;
        refreshToken = tokens.refreshToken;
        return kidOf(tokens.accessToken) === added ? tokens.accessToken : undefined;
      },
      { withinMs: 20_000, what: "a token signed with the new key" },
    );
    for (const token of [fresh, before.accessToken]) {
      const answer = await new GraphqlClient(gateway.url, token).ask("{ me { __typename } }");
      expect(answer.data.me.__typename).toBe("Principal");
    }
    expect(kidOf((await signInAt(gateway.url, (await demoIn(dataDir)).owner)).accessToken)).toBe(added);
  });
});
