import type { NotificationChannel, Notifications } from "../../src/platform/notifications.ts";

/** Notifications by hand: the test says what is heard, and whether anything is. */
export class HeldNotifications implements Notifications {
  current = true;
  readonly #subscribers: { channel: NotificationChannel; onChange: (id: string) => void; onGap: () => void }[] = [];

  isCurrent(): boolean {
    return this.current;
  }

  subscribe(channel: NotificationChannel, onChange: (id: string) => void, onGap: () => void): void {
    this.#subscribers.push({ channel, onChange, onGap });
  }

  change(channel: NotificationChannel, id: string): void {
    for (const subscriber of this.#subscribers) if (subscriber.channel === channel) subscriber.onChange(id);
  }

  gap(): void {
    for (const subscriber of this.#subscribers) subscriber.onGap();
  }

  async close(): Promise<void> {}
}
