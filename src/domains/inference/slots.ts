export interface SlotsOptions {
  /** How many batches may run at once: one for each core that runners have. */
  count: number;
  /** How much longer than expected a batch may run before its slot goes to another. */
  overdueMs: number;
  /** Called when a slot was given up before its batch came to its end. */
  onOverdue: () => void;
}

/**
 * The right to run. There are more processes than slots: a spare stands by, others belong to one tenant alone. A batch
 * that hangs gives its slot up long before the watchdog ends it, so that others wait for the overdue time and not for
 * the deadline of whoever asked for it.
 */
export class Slots {
  readonly #options: SlotsOptions;
  #taken = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  get isFree(): boolean {
    return this.#taken < this.#options.count;
  }

  /** Returns what gives the slot back; it may be called after the slot was given up. */
  take(expectedMs: number): () => void {
    const { overdueMs, onOverdue } = this.#options;
    let isHeld = true;
    this.#taken++;
    const giveBack = () => {
      clearTimeout(timer);
      if (isHeld) this.#taken--;
      isHeld = false;
    };
    const timer = setTimeout(
      () => {
        giveBack();
        onOverdue();
      },
      overdueMs + overdueFactor * expectedMs,
    );
    return giveBack;
  }
}

const overdueFactor = 4;
