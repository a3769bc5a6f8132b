import { z } from "zod";
import type { LoadRequest } from "../load/messages.ts";
import type { Bodies } from "../requests.ts";
import type { Server } from "../servers/server-process.ts";

const outputShape = z.object({ label: z.string(), evaluations: z.number() });
const answerShape = z.object({
  data: z.object({ infer: z.object({ outputs: z.array(outputShape) }) }),
});

/** The bodies with the labels that the bare server gives them: every server must then answer the same. */
export async function withExpectedLabels(bodies: Bodies, bare: Server): Promise<Record<keyof Bodies, LoadRequest[]>> {
  const ask = async (body: string): Promise<LoadRequest> => {
    const response = await fetch(`http://${bare.host}:${bare.port}${bare.path}`, { method: "POST", body });
    const { outputs } = answerShape.parse(await response.json()).data.infer;
    const inputs = outputs.reduce((sum, { evaluations }) => sum + 1 + evaluations, 0);
    return { body, labels: outputs.map((output) => output.label), inputs };
  };
  const askAll = (all: string[]) => Promise.all(all.map(ask));
  return {
    digits: await askAll(bodies.digits),
    digits8: await askAll(bodies.digits8),
    digits256: await askAll(bodies.digits256),
    mails: await askAll(bodies.mails),
    mails8: await askAll(bodies.mails8),
    explainedDigits: await askAll(bodies.explainedDigits),
    explainedMails: await askAll(bodies.explainedMails),
  };
}
