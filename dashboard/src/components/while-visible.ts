import { useDocumentVisibility, useInterval } from "@mantine/hooks";
import { useEffect } from "react";

/** Does something again and again while the page is looked at, and there is something to wait for. */
export function useWhileVisible(work: () => void, { everyMs, isOn }: { everyMs: number; isOn: boolean }): void {
  const visibility = useDocumentVisibility();
  const interval = useInterval(work, everyMs);
  useEffect(() => {
    if (isOn && visibility === "visible") interval.start();
    return interval.stop;
  }, [isOn, visibility, interval]);
}
