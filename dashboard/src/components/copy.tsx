import { Button, Tooltip, UnstyledButton } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Icon } from "./icons.tsx";

/** Copies, and says that it did. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const clipboard = useClipboard({ timeout: 1_500 });
  return (
    <Button
      size="xs"
      variant="default"
      onClick={() => clipboard.copy(text)}
      leftSection={<Icon name={clipboard.copied ? "check" : "copy"} size={14} />}
    >
      {clipboard.copied ? "Copied" : label}
    </Button>
  );
}

/** An id as it is read and copied: its end tells it from others. */
export function Id({ value }: { value: string }) {
  const clipboard = useClipboard({ timeout: 1_500 });
  const shown = value.length > 18 ? `${value.slice(0, 4)}…${value.slice(-6)}` : value;
  return (
    <Tooltip label={clipboard.copied ? "Copied" : `${value}: click to copy`} openDelay={250}>
      <UnstyledButton className="id" onClick={() => clipboard.copy(value)}>
        <span className="visually-hidden">Copy </span>
        {shown}
      </UnstyledButton>
    </Tooltip>
  );
}

/** Text to be taken away: a request, a program. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className="code-block">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard */}
      <section tabIndex={0} aria-label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
      <CopyButton text={code} label="Copy" />
    </div>
  );
}
