import { z } from "zod";

const answerSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(z.object({ message: z.string(), extensions: z.looseObject({ code: z.string() }).optional() }))
    .optional(),
});

/** Sends one GraphQL operation and returns its data in the given shape. Throws with the first error's message. */
export async function ask<T>(
  to: { url: string; credential: string | undefined },
  query: string,
  options: { variables?: Record<string, unknown>; shape: z.ZodType<T> },
): Promise<T> {
  const response = await fetch(`${to.url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(to.credential === undefined ? {} : { authorization: `Bearer ${to.credential}` }),
    },
    body: JSON.stringify({ query, variables: options.variables ?? {} }),
  });
  const answer = answerSchema.parse(await response.json());
  const error = answer.errors?.[0];
  if (error !== undefined) throw new Error(`${error.extensions?.code ?? "ERROR"}: ${error.message}`);
  return options.shape.parse(answer.data);
}
