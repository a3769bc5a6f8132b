import { Tooltip } from "@mantine/core";
import { dateTime, fromNow, utc } from "../format.ts";

/** A moment, as near as it is; where the mouse rests, to the minute in the reader's zone and in UTC. */
export function When({ at, absent = "Never" }: { at: string | null; absent?: string }) {
  if (at === null) return <span className="dim">{absent}</span>;
  return (
    <Tooltip label={`${dateTime(at)} · ${utc(at)}`} openDelay={250}>
      <time dateTime={at}>{fromNow(at)}</time>
    </Tooltip>
  );
}
