/** What a server sends as `text/event-stream`: the data of each event, by its name. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** The events of a stream in their order. Comments, which keep it alive, are told to `onSound` like everything else. */
export async function* eventsIn(chunks: AsyncIterable<Uint8Array>, onSound: () => void): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    onSound();
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): ServerEvent | undefined {
  let name = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ""] = /^(event|data):? ?(.*)$/.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { name, data: data.join("\n") };
}
