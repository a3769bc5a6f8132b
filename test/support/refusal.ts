import { TollgateError } from "../../src/core/errors.ts";

/** The error that the work was refused with. Fails if it was not refused, or broke instead. */
export async function refusalOf(work: Promise<unknown>): Promise<TollgateError> {
  const thrown = await work.then(
    (value) => new Error(`It was not refused but gave ${JSON.stringify(value)}.`),
    (error: unknown) => error,
  );
  if (thrown instanceof TollgateError) return thrown;
  throw thrown;
}

/** How many of the works were refused with each code; what succeeded counts as DONE. */
export async function outcomesOf(works: Promise<unknown>[]): Promise<Record<string, number>> {
  const outcomes = await Promise.all(
    works.map((work) =>
      work.then(
        () => "DONE",
        (error: unknown) => {
          if (error instanceof TollgateError) return error.code;
          throw error;
        },
      ),
    ),
  );
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
