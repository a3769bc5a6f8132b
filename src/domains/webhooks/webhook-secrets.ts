import { createHmac, randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { Webhook } from "standardwebhooks";
import { messageOf } from "../../core/errors.ts";
import { codeOf } from "../../platform/error-code.ts";
import { StartError } from "../../platform/start-error.ts";
import type { WebhookEndpoint } from "./webhook.ts";

const keyBytes = 32;

type SecretOf = Pick<WebhookEndpoint, "id" | "secretVersion" | "previousSecretExpiresAt">;

/**
 * The endpoints' secrets. None is stored: each is the HMAC of the endpoint's id and its secret's version under a key in a
 * file that the gateways share. So a copy of the database signs nothing, and a lost key file means that every endpoint's
 * secret has to be rotated.
 */
export class WebhookSecrets {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  /** Reads the key, after making it where there is none. Throws StartError for a folder or a key that cannot be used. */
  static async open(folder: string): Promise<WebhookSecrets> {
    const file = path.join(folder, "webhooks.key");
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const key = await readFile(file).catch(async (error: unknown) => {
        if (codeOf(error) !== "ENOENT") throw error;
        await makeKey(file);
        return await readFile(file);
      });
      if (key.length === keyBytes) return new WebhookSecrets(key);
    } catch (cause) {
      throw new StartError(`The key of the webhooks, ${file}, cannot be used: ${messageOf(cause)}`, { cause });
    }
    throw new StartError(`${file} is not the key of the webhooks: it must have ${keyBytes} bytes.`);
  }

  /** The secret that the endpoint's owner verifies with. */
  secretOf({ id, secretVersion }: Pick<SecretOf, "id" | "secretVersion">): string {
    const secret = createHmac("sha256", this.#key).update(`${id}:${secretVersion}`).digest("base64");
    return `whsec_${secret}`;
  }

  /** The `webhook-signature` header: also by the secret before, while its time has not run out. */
  sign(endpoint: SecretOf, message: { id: string; at: Date; body: string }): string {
    const { id, secretVersion, previousSecretExpiresAt } = endpoint;
    const isInOverlap = previousSecretExpiresAt !== undefined && previousSecretExpiresAt > message.at;
    const versions = isInOverlap ? [secretVersion, secretVersion - 1] : [secretVersion];
    return versions
      .map((version) => new Webhook(this.secretOf({ id, secretVersion: version })))
      .map((webhook) => webhook.sign(message.id, message.at, message.body))
      .join(" ");
  }
}

/** Linked into place, so that nobody reads half a key, and of two gateways that start together both use the first one's. */
async function makeKey(file: string): Promise<void> {
  const unfinished = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(unfinished, randomBytes(keyBytes), { mode: 0o600, flag: "wx" });
  try {
    await link(unfinished, file);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(unfinished);
  }
}
