import { z } from "zod";
import { CliError, exitCodes, unreachable } from "./errors.ts";

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.looseObject({ code: z.string() }).optional() }))
    .optional(),
});

/** A request over HTTP with the credential; `body` is sent as it is. */
export interface HttpRequest {
  method: "GET" | "PUT" | "HEAD";
  path: string;
  headers?: Record<string, string>;
  body?: ReadableStream<Uint8Array>;
}

/** Asks one gateway with one credential. What it refuses is thrown as it says it. */
export class GatewayClient {
  readonly url: string;
  readonly #credential: () => Promise<string | undefined>;

  /** @param credential is asked for each time: an access token may have to be renewed. */
  constructor(url: string, credential: () => Promise<string | undefined>) {
    this.url = url.replace(/\/+$/, "");
    this.#credential = credential;
  }

  async ask<T>(query: string, variables: Record<string, unknown>, shape: z.ZodType<T>): Promise<T> {
    const response = await this.#fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const answer = answerSchema.safeParse(await response.json().catch(() => undefined));
    if (!answer.success) throw new CliError(exitCodes.UNREACHABLE, `${this.url} does not answer like Tollgate.`);
    const [error] = answer.data.errors ?? [];
    if (error !== undefined) throw refusal(error);
    return shape.parse(answer.data.data);
  }

  /** The response whatever its status; `refusalOf` makes an error of one. */
  async send({ method, path, headers, body }: HttpRequest): Promise<Response> {
    const rest = body === undefined ? {} : { body, duplex: "half" as const };
    return await this.#fetch(path, { method, ...(headers === undefined ? {} : { headers }), ...rest });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const credential = await this.#credential();
    const headers = new Headers(init.headers);
    if (credential !== undefined) headers.set("authorization", `Bearer ${credential}`);
    try {
      return await fetch(`${this.url}${path}`, { ...init, headers });
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }
}

/** What a response that is not a success says. */
export async function refusalOf(response: Response): Promise<CliError> {
  const answer = answerSchema.safeParse(await response.json().catch(() => undefined));
  const error = answer.success ? answer.data.errors?.[0] : undefined;
  return error === undefined
    ? new CliError(exitCodes.REFUSED, `The gateway answered ${response.status}.`)
    : refusal(error);
}

function refusal({ message, extensions }: { message: string; extensions?: { code: string } | undefined }): CliError {
  return new CliError(exitCodes.REFUSED, `${extensions?.code ?? "ERROR"}: ${message}`);
}
