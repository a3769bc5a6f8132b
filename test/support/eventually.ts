import { setTimeout as pause } from "node:timers/promises";

/**
 * Waits until the condition holds and returns its value. The only way in which a test waits: never for a time, always
 * for something, and never without a bound.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { withinMs, what }: { withinMs: number; what: string },
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + withinMs; ; await pause(15)) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}`);
  }
}
