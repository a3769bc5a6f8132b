import { Modal, Stack } from "@mantine/core";
import { CodeBlock, Id } from "../../components/copy.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { When } from "../../components/time.tsx";
import { milliseconds } from "../../format.ts";
import { type Delivery, DeliveryBadge } from "./delivery-state.tsx";

/** What was sent, and how the server answered each time. */
export function DeliveryDialog({ delivery, onClose }: { delivery: Delivery; onClose: () => void }) {
  const { eventType, eventId, payload, attempts, attemptCount, status } = delivery;
  return (
    <Modal opened onClose={onClose} title={eventType} size="xl" centered>
      <Stack>
        <div className="row">
          <DeliveryBadge status={status} />
          <span className="dim small">webhook-id</span>
          <Id value={eventId} />
          <span className="dim small">
            happened <When at={delivery.createdAt} />
          </span>
        </div>
        <CodeBlock code={JSON.stringify(payload, undefined, 2)} label="The data that is sent" />
        {attemptCount > attempts.length ? (
          <p className="dim small">
            The latest {attempts.length} of {attemptCount} attempts:
          </p>
        ) : null}
        <div className="panel">
          <DataTable
            label="Attempts"
            columns={[
              { head: "Sent", cell: ({ at }) => <When at={at} /> },
              { head: "Answer", isNumber: true, cell: ({ responseCode }) => responseCode ?? "None" },
              { head: "Took", isNumber: true, cell: ({ durationMs }) => milliseconds(durationMs) },
              {
                head: "What came",
                cell: ({ error, responseStart }) => (
                  <div className="stack-tight">
                    <span>{error ?? "It arrived."}</span>
                    {responseStart === null || responseStart === "" ? null : (
                      <code className="dim break">{responseStart}</code>
                    )}
                  </div>
                ),
              },
            ]}
            rows={attempts.toReversed()}
            keyOf={({ at }) => at}
            empty={<p className="dim empty">It was not sent yet.</p>}
          />
        </div>
      </Stack>
    </Modal>
  );
}
