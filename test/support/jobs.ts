import { eventually } from "./eventually.ts";
import type { GraphqlClient } from "./graphql-client.ts";

export interface ResultLine {
  index: number;
  line: number;
  id?: string;
  label?: string;
  score?: number;
  error?: { code: string; message: string; attempts: number };
}

/** A grey picture of a digit, as raw pixels. */
export function grey(value: number) {
  return { tensor: { dtype: "uint8", shape: [784], data: Buffer.alloc(784, value % 256).toString("base64") } };
}

export const jobFields = `id state round amount counts { total read succeeded failed waiting }
  pause { kind message meter limit used until } failure { code message } finishedAt startedAt itemsPerSecond secondsLeft`;

/** Submits, watches and fetches jobs over the public door, with one credential. */
export class JobClient {
  readonly #client: GraphqlClient;

  constructor(client: GraphqlClient) {
    this.#client = client;
  }

  async submit(input: Record<string, unknown>) {
    const answer = await this.#client.ask(
      `mutation($input: SubmitJobInput!) { submitJob(input: $input) { ${jobFields} } }`,
      { input },
    );
    return answer.data.submitJob;
  }

  async find(id: string) {
    return (await this.#client.ask(`query($id: ID!) { job(id: $id) { ${jobFields} } }`, { id })).data.job;
  }

  async change(mutation: "cancelJob" | "resumeJob" | "retryJob", id: string) {
    const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
    const answer = await this.#client.ask(
      `mutation($input: ${type}!) { ${mutation}(input: $input) { ${jobFields} } }`,
      { input: { id } },
    );
    return answer.data[mutation];
  }

  /** Waits until the job is in one of the states. */
  async until(id: string, states: string | string[], withinMs = 30_000) {
    const wanted = [states].flat();
    return await eventually(
      async () => {
        const job = await this.find(id);
        return wanted.includes(job.state) ? job : undefined;
      },
      { withinMs, what: `job ${id} is ${wanted.join(" or ")}` },
    );
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await this.send("GET", path, { headers });
  }

  async send(
    method: string,
    path: string,
    rest: { headers?: Record<string, string>; body?: RequestInit["body"] } = {},
  ): Promise<Response> {
    return await fetch(`${this.#client.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#client.credential}`, ...rest.headers },
      ...(rest.body === undefined ? {} : { body: rest.body, duplex: "half" as const }),
    });
  }

  async results(id: string): Promise<ResultLine[]> {
    const response = await this.get(`/jobs/${id}/results`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** Uploads a whole file, and returns the id of its dataset. */
  async upload(id: string, body: string | Uint8Array<ArrayBuffer>, type: string): Promise<Response> {
    return await this.send("PUT", `/datasets/${id}`, { headers: { "content-type": type }, body });
  }
}
