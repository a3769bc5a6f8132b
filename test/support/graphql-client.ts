export interface AnswerError {
  message: string;
  path?: (string | number)[];
  extensions: {
    code: string;
    retryable: boolean;
    requestId: string;
    retryAfterMs?: number;
    limit?: Record<string, unknown>;
  };
}

/** What came back. Tests read into data freely: a wrong shape fails the test that reads it. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is each test's own query
  data: any;
  errors: AnswerError[];
  headers: Headers;
}

/** Asks one gateway with one credential. */
export class GraphqlClient {
  readonly url: string;
  readonly #credential: string | undefined;

  constructor(url: string, credential?: string) {
    this.url = url;
    this.#credential = credential;
  }

  /** What it asks with; empty without one. */
  get credential(): string {
    return this.#credential ?? "";
  }

  /** The answer of an operation that must succeed: any error fails the test, with its message. */
  async ask(query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.send(query, variables);
    const [error] = answer.errors;
    if (error !== undefined) throw new Error(`${error.extensions.code}: ${error.message}`);
    return answer;
  }

  /** The one error of an operation that must be refused. */
  async refusal(query: string, variables: Record<string, unknown> = {}): Promise<AnswerError> {
    const answer = await this.send(query, variables);
    const [error, ...others] = answer.errors;
    if (error === undefined) throw new Error(`It was not refused: ${JSON.stringify(answer.data)}`);
    if (others.length > 0) throw new Error(`One error was expected: ${JSON.stringify(answer.errors)}`);
    return error;
  }

  async send(query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(this.#credential === undefined ? {} : { authorization: `Bearer ${this.#credential}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    const body = (await response.json()) as { data?: unknown; errors?: AnswerError[] };
    return { status: response.status, data: body.data ?? null, errors: body.errors ?? [], headers: response.headers };
  }

  /** Asks a model; one input unless told otherwise. */
  async infer(input: Record<string, unknown>, fields = "id outputs { label score }"): Promise<Answer> {
    return await this.send(`mutation($input: InferInput!) { infer(input: $input) { ${fields} } }`, { input });
  }
}
