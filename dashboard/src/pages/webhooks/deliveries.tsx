import { Button, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useMutation } from "urql";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Empty, messageOf } from "../../components/states.tsx";
import { When } from "../../components/time.tsx";
import { graphql } from "../../graphql/generated/gql.ts";
import { useMay } from "../../session/who.tsx";
import { DeliveryDialog } from "./delivery-dialog.tsx";
import { type Delivery, DeliveryBadge } from "./delivery-state.tsx";

const ReplayDocument = graphql(`
  mutation Replay($input: ReplayWebhookDeliveryInput!) {
    replayWebhookDelivery(input: $input) {
      ...DeliveryShown
    }
  }
`);

interface DeliveriesProps {
  rows: readonly Delivery[] | undefined;
  isEnabled: boolean;
  onReplayed: () => void;
}

export function Deliveries({ rows, isEnabled, onReplayed }: DeliveriesProps) {
  const [openId, setOpenId] = useState<string>();
  const mayReplay = useMay("webhooks:write") && isEnabled;
  const open = rows?.find(({ id }) => id === openId);
  const columns = mayReplay ? [...seen(setOpenId), replayColumn(onReplayed)] : seen(setOpenId);
  return (
    <>
      <DataTable
        label="Deliveries"
        columns={columns}
        rows={rows}
        keyOf={({ id }) => id}
        empty={
          <Empty icon="webhooks" title="Nothing was sent yet">
            What happens from now on shows here. A test can be sent at once.
          </Empty>
        }
      />
      {open === undefined ? null : <DeliveryDialog delivery={open} onClose={() => setOpenId(undefined)} />}
    </>
  );
}

function seen(show: (id: string) => void): Column<Delivery>[] {
  return [
    {
      head: "Event",
      cell: ({ id, eventType, eventId }) => (
        <UnstyledButton className="row-link" onClick={() => show(id)}>
          <code className="strong">{eventType}</code>
          <code className="dim small">…{eventId.slice(-6)}</code>
        </UnstyledButton>
      ),
    },
    { head: "Status", cell: ({ status }) => <DeliveryBadge status={status} /> },
    { head: "Answer", cell: (delivery) => <LastAnswer delivery={delivery} /> },
    { head: "Attempts", isNumber: true, cell: ({ attemptCount }) => attemptCount },
    {
      head: "Next",
      cell: ({ nextAttemptAt }) =>
        nextAttemptAt === null ? <span className="dim">–</span> : <When at={nextAttemptAt} />,
    },
    { head: "Happened", cell: ({ createdAt }) => <When at={createdAt} /> },
  ];
}

function LastAnswer({ delivery }: { delivery: Delivery }) {
  const last = delivery.attempts.at(-1);
  if (last === undefined) return <span className="dim">–</span>;
  if (last.error === null) return <span>{last.responseCode}</span>;
  return <span className="small break">{last.error}</span>;
}

function replayColumn(onReplayed: () => void): Column<Delivery> {
  return {
    head: "Actions",
    isAction: true,
    cell: (delivery) => <Replay delivery={delivery} onReplayed={onReplayed} />,
  };
}

function Replay({ delivery, onReplayed }: { delivery: Delivery; onReplayed: () => void }) {
  const [{ fetching, error }, replay] = useMutation(ReplayDocument);
  return (
    <>
      {error === undefined ? null : (
        <span className="small bad-text" role="alert">
          {messageOf(error)}
        </span>
      )}
      <Button
        size="xs"
        variant="default"
        loading={fetching}
        aria-label={`Replay ${delivery.eventType} …${delivery.eventId.slice(-6)}`}
        onClick={() => void replay({ input: { id: delivery.id } }).then(onReplayed)}
      >
        Replay
      </Button>
    </>
  );
}
