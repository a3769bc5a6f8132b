import { Badge } from "../../components/page.tsx";

interface Stated {
  kind: "INVOICE" | "CREDIT_NOTE";
  state: "ISSUED" | "PAID" | "VOID";
  dueAt: string;
  total: string;
}

/** What became of an invoice, and whether somebody has to act. */
export function InvoiceState({ invoice }: { invoice: Stated }) {
  const { kind, state, dueAt, total } = invoice;
  if (state === "VOID") return <Badge>Void</Badge>;
  if (state === "PAID") return <Badge tone="good">{kind === "CREDIT_NOTE" ? "Paid back" : "Paid"}</Badge>;
  if (kind === "CREDIT_NOTE") return <Badge>Credit note</Badge>;
  if (BigInt(total) <= 0n) return <Badge tone="good">Nothing due</Badge>;
  return new Date(dueAt) < new Date() ? <Badge tone="bad">Overdue</Badge> : <Badge tone="warn">Open</Badge>;
}
