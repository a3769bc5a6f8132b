import { parseArgs } from "node:util";

export interface Options {
  /** One short round of each setting: to see that it works, not to learn a figure. */
  isQuick: boolean;
  /** Only the settings whose name contains this. */
  only: string | undefined;
  /** Records where the gateway's time goes, instead of measuring. */
  isProfile: boolean;
  /** Callers of the profile. */
  clients: number;
}

export function readOptions(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      profile: { type: "boolean", default: false },
      clients: { type: "string", default: "64" },
    },
  });
  const clients = Number(values.clients);
  if (!Number.isInteger(clients) || clients < 1) throw new Error("--clients takes a whole number from 1 up");
  return { isQuick: values.quick, only: values.only, isProfile: values.profile, clients };
}
