/** What came back over HTTP, whatever was sent. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is each test's own
  json: any;
}

/** Knocks at a gateway's door as any client may, well-behaved or not. */
export async function knock(url: string, path: string, init: RequestInit = {}): Promise<RawAnswer> {
  const response = await fetch(`${url}${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

/** A POST of a body to /graphql; JSON and without a credential unless told otherwise. */
export async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return await knock(url, "/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
