import { Button } from "@mantine/core";
import { useState } from "react";
import { Icon } from "./icons.tsx";

/** Where somebody stands in a list that the gateway pages: the cursors of the way there, so that there is a way back. */
export interface Pages {
  after: string | null;
  number: number;
  next: (cursor: string | null) => void;
  back: () => void;
  first: () => void;
}

export function usePages(): Pages {
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  return {
    after: cursors.at(-1) ?? null,
    number: cursors.length,
    next: (cursor) => setCursors((way) => [...way, cursor]),
    back: () => setCursors((way) => (way.length > 1 ? way.slice(0, -1) : way)),
    first: () => setCursors([null]),
  };
}

interface PagerProps {
  pages: Pages;
  pageInfo: { hasNextPage: boolean; endCursor: string | null } | undefined;
}

/** Absent where everything is on one page. */
export function Pager({ pages, pageInfo }: PagerProps) {
  if (pages.number === 1 && pageInfo?.hasNextPage !== true) return null;
  return (
    <nav className="pager" aria-label="Pages">
      <span className="dim small">Page {pages.number}</span>
      <Button.Group>
        <Button
          size="xs"
          variant="default"
          disabled={pages.number === 1}
          onClick={pages.back}
          leftSection={<Icon name="left" size={14} />}
        >
          Newer
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={pageInfo?.hasNextPage !== true}
          onClick={() => pages.next(pageInfo?.endCursor ?? null)}
          rightSection={<Icon name="right" size={14} />}
        >
          Older
        </Button>
      </Button.Group>
    </nav>
  );
}
