import { Button } from "@mantine/core";
import { ChangePlan } from "./change-plan.tsx";
import { GrantCredit } from "./grant-credit.tsx";
import { IssueInvoice } from "./issue-invoice.tsx";
import { RemoveLimit, SetLimit } from "./limit-dialogs.tsx";
import { SetTerms } from "./set-terms.tsx";
import type { TenantLimit } from "./tenant-page.tsx";

/** What an operator is doing to a tenant. */
export type Doing = { what: "PLAN" | "CREDIT" | "TERMS" | "ISSUE" | "LIMIT" } | { what: "REMOVE"; limit: TenantLimit };

type DoingButtonProps = Doing & { label: string; onDo: (doing: Doing) => void };

export function DoingButton({ label, onDo, ...doing }: DoingButtonProps) {
  return (
    <Button size="xs" variant="default" onClick={() => onDo(doing)}>
      {label}
    </Button>
  );
}

interface TenantDialogsProps {
  doing: Doing;
  tenant: { id: string; name: string; currency: string };
  terms: { taxRatePpm: number; anchorDay: number };
  onClose: () => void;
  onDone: () => void;
}

export function TenantDialogs({ doing, tenant, terms, onClose, onDone }: TenantDialogsProps) {
  const props = { tenant, onClose, onDone };
  switch (doing.what) {
    case "PLAN":
      return <ChangePlan {...props} tenantId={tenant.id} />;
    case "CREDIT":
      return <GrantCredit {...props} />;
    case "TERMS":
      return <SetTerms {...props} terms={terms} />;
    case "ISSUE":
      return <IssueInvoice {...props} />;
    case "LIMIT":
      return <SetLimit {...props} />;
    case "REMOVE":
      return <RemoveLimit {...props} limit={doing.limit} />;
  }
}
