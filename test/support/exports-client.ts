import type { GraphqlClient } from "./graphql-client.ts";

/** Fetches an export with the client's credential. */
export async function fetchExport(
  client: GraphqlClient,
  file: "usage.csv" | "usage-events.csv",
  parameters: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  return await fetch(`${client.url}/exports/${file}?${new URLSearchParams(parameters)}`, {
    headers: client.credential === "" ? {} : { authorization: `Bearer ${client.credential}` },
    ...(signal ? { signal } : {}),
  });
}

/** The lines of a CSV without quotes, as objects named by its first line. */
export function csvRows(text: string): Record<string, string>[] {
  const [head = "", ...lines] = text.trimEnd().split("\r\n");
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}
