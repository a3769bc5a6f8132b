import { Button } from "@mantine/core";
import type { CombinedError } from "urql";
import { Failure, messageOf } from "../../components/states.tsx";
import { codeOf } from "../../graphql/client.ts";

/** A move that was refused. Where somebody was quicker, what is drawn behind it is old: the way on is to look again. */
export function MoveFailure({ error, onReload }: { error: CombinedError; onReload: () => void }) {
  if (codeOf(error) !== "CONFLICT") return <Failure error={error} />;
  return (
    <div className="failure" role="alert">
      <div>
        <p className="failure-title">Nothing was moved</p>
        <p>{messageOf(error)}</p>
      </div>
      <Button size="xs" variant="default" onClick={onReload}>
        Look again
      </Button>
    </div>
  );
}
