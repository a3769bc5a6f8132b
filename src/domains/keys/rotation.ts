import { TollgateError } from "../../core/errors.ts";
import type { ApiKey } from "./api-key.ts";

export interface Rotation {
  /** When the old key stops by itself. */
  oldExpiresAt: Date;
  newExpiresAt: Date | undefined;
}

const maxOverlapSeconds = 7 * 24 * 3600;

/**
 * When the two keys stop. The old one lives on for the overlap, but never longer than it would have; the new one gets as
 * long a life as the old one was given. Throws CONFLICT for a key that has ended or been rotated already.
 */
export function planRotation(old: ApiKey, overlapSeconds: number, now: Date): Rotation {
  checkOverlap(overlapSeconds);
  checkRotatable(old, now);
  const overlapEndsAt = new Date(now.getTime() + overlapSeconds * 1_000);
  if (old.expiresAt === undefined) return { oldExpiresAt: overlapEndsAt, newExpiresAt: undefined };
  const lifeMs = old.expiresAt.getTime() - old.createdAt.getTime();
  return {
    oldExpiresAt: overlapEndsAt < old.expiresAt ? overlapEndsAt : old.expiresAt,
    newExpiresAt: new Date(now.getTime() + lifeMs),
  };
}

function checkOverlap(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= maxOverlapSeconds) return;
  throw new TollgateError(
    "INVALID_INPUT",
    `overlapSeconds is ${seconds}; it must be from 0 to ${maxOverlapSeconds} (7 days).`,
  );
}

function checkRotatable(key: ApiKey, now: Date): void {
  if (key.revokedAt !== undefined) throw conflict(key, `was revoked at ${key.revokedAt.toISOString()}`);
  if (key.rotatedTo !== undefined) throw conflict(key, `was rotated to ${key.rotatedTo} already`);
  if (key.expiresAt !== undefined && key.expiresAt <= now) {
    throw conflict(key, `expired at ${key.expiresAt.toISOString()}`);
  }
}

function conflict(key: ApiKey, what: string): TollgateError {
  return new TollgateError(
    "CONFLICT",
    `The API key ${key.id} ${what}, so it cannot be rotated. Issue a new one instead.`,
  );
}
