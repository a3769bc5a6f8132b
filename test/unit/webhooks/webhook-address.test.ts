import { describe, expect, test } from "vitest";
import { isPublicAddress, parseWebhookUrl, publicLookup } from "../../../src/domains/webhooks/webhook-address.ts";
import { postWebhook } from "../../../src/domains/webhooks/webhook-request.ts";

const privateAddresses = [
  ...[
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
  ],
  ...["192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"],
  ...[
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "2001:db8::1",
    "not an address",
  ],
];

describe("a private address", () => {
  test.each(privateAddresses)("%s is known", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    ["https://127.0.0.1/"],
    ["https://[::1]/"],
    ["https://[::ffff:169.254.169.254]/latest/meta-data"],
    ["https://2130706433/"], // 127.0.0.1 as one number, as browsers read it
    ["https://0x7f.1/"],
    ["https://10.0.0.1:8443/hooks"],
  ])("in the URL %s is refused", (url) => {
    expect(() => parseWebhookUrl(url, false)).toThrow("url points to a private address");
    expect(parseWebhookUrl(url, true)).toBe(new URL(url).href);
  });

  test("behind a name is refused when the name is resolved", async () => {
    const resolved = await new Promise<unknown>((resolve) => {
      publicLookup("localhost", {}, (error, address) => resolve(error ?? address));
    });
    expect(resolved).toMatchObject({ message: "The host's name stands for a private address." });
  });

  test("is not connected to, by whatever it is named", async () => {
    const ask = (url: string) => postWebhook({ url, headers: {}, body: "{}", timeoutMs: 2_000, allowPrivate: false });
    const nowhere = { code: undefined, start: undefined };
    expect(await ask("https://localhost:1/")).toEqual({
      ...nowhere,
      error: "The host's name stands for a private address.",
    });
    expect(await ask("https://127.0.0.1:1/")).toEqual({ ...nowhere, error: "The host is a private address." });
    expect(await ask("http://localhost:1/")).toEqual({ ...nowhere, error: "The URL does not begin with https://." });
  });
});

test.each(["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"])(
  "%s is public",
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

describe("a URL", () => {
  test("of https on a public host is taken as it will be asked", () => {
    expect(parseWebhookUrl("https://Example.com/hooks?a=1", false)).toBe("https://example.com/hooks?a=1");
    expect(parseWebhookUrl("https://1.1.1.1/", false)).toBe("https://1.1.1.1/");
  });

  test("without TLS is refused, unless private addresses are allowed", () => {
    expect(() => parseWebhookUrl("http://example.com/", false)).toThrow("url must begin with https://.");
    expect(parseWebhookUrl("http://example.com/", true)).toBe("http://example.com/");
    expect(() => parseWebhookUrl("file:///etc/passwd", true)).toThrow("url must begin with https://.");
  });

  test.each([
    "https://u@example.com/",
    "https://example.com/#a",
    `https://example.com/${"a".repeat(2_048)}`,
    "nonsense",
  ])("such as %s is refused", (url) => {
    expect(() => parseWebhookUrl(url, true)).toThrow(/^url /);
  });
});
