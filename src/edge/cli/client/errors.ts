import { messageOf } from "../../../core/errors.ts";

/** What a script can branch on. `docs/cli.md` lists them. */
export const exitCodes = { OK: 0, REFUSED: 1, USAGE: 2, NOT_ALL_ANSWERED: 3, UNREACHABLE: 4 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An end that was foreseen: one sentence for a person, and a code for a script. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

export function usageError(message: string): CliError {
  return new CliError(exitCodes.USAGE, message);
}

export function unreachable(url: string, cause: unknown): CliError {
  const reason = cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
  return new CliError(exitCodes.UNREACHABLE, `${url} cannot be reached: ${reason}. Check TOLLGATE_URL.`, cause);
}
