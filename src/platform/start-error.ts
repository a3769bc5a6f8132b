/**
 * A start that cannot go on, told to the operator. The message is one clear sentence that says what to do; `main.ts`
 * prints it and exits with 1. It holds no secret: the reason, which may, goes in `cause` and is not printed.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
