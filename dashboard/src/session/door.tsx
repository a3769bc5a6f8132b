import { Alert, Button } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect } from "react";
import { Mark } from "../components/icons.tsx";

interface DoorProps {
  title: string;
  lead?: ReactNode;
  /** Why the last try was refused. */
  problem: string | undefined;
  action: string;
  isWaiting: boolean;
  isComplete: boolean;
  onSubmit: () => Promise<void>;
  /** The fields. */
  children: ReactNode;
  foot?: ReactNode;
}

/** One form before which a person stands alone: nothing of a tenant is shown to who is not in yet. */
export function Door({ title, lead, problem, action, isWaiting, isComplete, onSubmit, children, foot }: DoorProps) {
  useEffect(() => {
    document.title = `${title} · Tollgate`;
  }, [title]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void onSubmit();
  };
  return (
    <main className="door">
      <div className="door-card">
        <div className="door-brand">
          <Mark size={30} />
          <span>Tollgate</span>
        </div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p className="dim">{lead}</p>}
        <form onSubmit={submit} noValidate>
          {problem === undefined ? null : (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
          {children}
          <Button type="submit" fullWidth loading={isWaiting} disabled={!isComplete}>
            {action}
          </Button>
        </form>
        {foot === undefined ? null : <p className="dim small">{foot}</p>}
      </div>
    </main>
  );
}
