// Loaded into a gateway before its own code (node --import): every charge is admitted at once, and nothing is written down.
// It is what metering is compared with, and nothing that could be switched on in a gateway.
import { ChargeStore } from "../../dist/domains/usage/charge.store.js";

ChargeStore.prototype.charge = async (requests) =>
  requests.map(({ quantity }) => ({
    kind: "ADMITTED",
    charged: [{ meter: "inputs", quantity: BigInt(quantity), amountMicros: 0n }],
    isLeased: false,
    softLimits: [],
    shadowRefusals: 0,
  }));
