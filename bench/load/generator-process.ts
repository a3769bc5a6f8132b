import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Closer } from "../closers.ts";
import type { LoadFigures, LoadOrder } from "./messages.ts";

/** The load generator, running beside this process. */
export interface Generator {
  run(order: LoadOrder): Promise<LoadFigures>;
}

export function startGenerator(closers: Closer[]): Generator {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./generator.ts", import.meta.url))], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then(() => {
    throw new Error("the load generator ended");
  });
  ended.catch(() => undefined); // told where somebody waits for figures
  closers.push(async () => {
    if (child.connected) child.disconnect();
    await ended.catch(() => undefined);
  });
  return {
    run: async (order) => {
      const answered = once(child, "message");
      child.send(order);
      const [figures] = (await Promise.race([answered, ended])) as [LoadFigures];
      return figures;
    },
  };
}
