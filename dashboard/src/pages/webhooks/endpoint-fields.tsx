import { Checkbox, Stack, TextInput } from "@mantine/core";
import type { EventType } from "./webhooks-page.tsx";

export interface EndpointDraft {
  url: string;
  description: string;
  events: string[];
}

interface FieldsProps {
  draft: EndpointDraft;
  types: EventType[];
  onDraft: (draft: EndpointDraft) => void;
}

export function EndpointFields({ draft, types, onDraft }: FieldsProps) {
  return (
    <>
      <TextInput
        data-autofocus
        label="URL"
        description="Where events are posted to: https, and on the public internet."
        placeholder="https://example.com/hooks"
        inputMode="url"
        value={draft.url}
        onChange={(event) => onDraft({ ...draft, url: event.currentTarget.value })}
      />
      <TextInput
        label="Description"
        value={draft.description}
        maxLength={200}
        onChange={(event) => onDraft({ ...draft, description: event.currentTarget.value })}
      />
      <Checkbox.Group label="Tell it of" value={draft.events} onChange={(events) => onDraft({ ...draft, events })}>
        <Stack gap={8} mt={6}>
          {types.map(({ name, description }) => (
            <Checkbox key={name} value={name} label={<code>{name}</code>} description={description} />
          ))}
        </Stack>
      </Checkbox.Group>
    </>
  );
}

export function isComplete({ url, events }: EndpointDraft): boolean {
  return url.trim() !== "" && events.length > 0;
}
