/** The `code` of an error of Node (`ENOENT`) or of Postgres (`42P04`). */
export function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error && "code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
