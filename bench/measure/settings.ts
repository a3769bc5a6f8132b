import type { Bodies } from "../requests.ts";
import type { Server } from "../servers/server-process.ts";

/** A load under which the servers are compared. */
export interface Setting {
  name: string;
  bodies: keyof Bodies;
  clients: number;
  against: Exclude<Server["name"], "tollgate">[];
  /** What Tollgate's throughput must at least be, as a multiple of a baseline's. */
  aims: Partial<Record<Server["name"], number>>;
  /** Inputs a second tell more than answers a second. */
  countsInputs?: true;
  /** Whether the median latency is compared too. */
  timesOne?: true;
}

export const warmUpSetting: Setting = { name: "warm-up", bodies: "digits", clients: 64, against: [], aims: {} };

export const settings: Setting[] = [
  { name: "1 digit, 1 client", bodies: "digits", clients: 1, against: ["bare", "fastapi"], aims: {}, timesOne: true },
  { name: "1 digit, 16 clients", bodies: "digits", clients: 16, against: ["bare", "fastapi"], aims: { bare: 0.45 } },
  {
    name: "1 digit, 64 clients",
    bodies: "digits",
    clients: 64,
    against: ["bare", "fastapi"],
    aims: { bare: 0.6, fastapi: 3 },
  },
  { name: "256 digits, 1 client", bodies: "digits256", clients: 1, against: ["bare"], aims: {}, countsInputs: true },
  { name: "256 digits, 8 clients", bodies: "digits256", clients: 8, against: ["bare"], aims: {}, countsInputs: true },
  {
    name: "8 digits, 64 clients",
    bodies: "digits8",
    clients: 64,
    against: ["bare"],
    aims: { bare: 0.4 },
    countsInputs: true,
  },
  {
    name: "8 mails, 64 clients",
    bodies: "mails8",
    clients: 64,
    against: ["bare"],
    aims: { bare: 0.8 },
    countsInputs: true,
  },
  { name: "1 mail, 16 clients", bodies: "mails", clients: 16, against: ["bare"], aims: {} },
  {
    name: "explain 1 digit by occlusion, 1 client",
    bodies: "explainedDigits",
    clients: 1,
    against: ["bare"],
    aims: {},
    countsInputs: true,
  },
  {
    name: "explain 1 mail by SHAP, 1 client",
    bodies: "explainedMails",
    clients: 1,
    against: ["bare"],
    aims: {},
    countsInputs: true,
  },
];
