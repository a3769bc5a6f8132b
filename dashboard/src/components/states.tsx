import { Button, Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import type { CombinedError } from "urql";
import { codeOf } from "../graphql/client.ts";
import { Icon, type IconName } from "./icons.tsx";

/** Where there is nothing yet: what would be here, and how it comes. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      <span className="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <p className="dim">{children}</p>}
      {action}
    </div>
  );
}

/** A refusal, in the gateway's own words, with what to do. */
export function Failure({ error, retry }: { error: CombinedError; retry?: () => void }) {
  return (
    <div className="failure" role="alert">
      <Icon name="warning" />
      <div>
        <p className="failure-title">{titleOf(error)}</p>
        <p>{messageOf(error)}</p>
      </div>
      {retry === undefined ? null : (
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function titleOf(error: CombinedError): string {
  if (error.networkError !== undefined && error.graphQLErrors.length === 0) return "The gateway cannot be reached";
  const code = codeOf(error);
  if (code === "FORBIDDEN") return "Your role does not allow this";
  if (code === "NOT_FOUND") return "There is no such thing here";
  return "This did not work";
}

export function messageOf(error: CombinedError): string {
  if (error.networkError !== undefined && error.graphQLErrors.length === 0)
    return "Check your connection. What you see may be old until it is back.";
  return error.graphQLErrors[0]?.message ?? error.message;
}

/** As many lines as will come, so that nothing jumps when they do. */
export function Waiting({ lines = 5, height = 20 }: { lines?: number; height?: number }) {
  return (
    <div className="waiting" aria-busy="true">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of nothing have no other name
        <Skeleton key={line} height={height} radius="sm" />
      ))}
    </div>
  );
}
