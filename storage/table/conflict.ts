import { pause } from "../timeout.ts";
import type { Condition } from "./table.ts";

/** Condition of a write: the item is as it was read, or still absent if the read found none. */
export function ifUnchanged(read: { version: string } | undefined): Condition {
  return read === undefined ? { ifAbsent: true } : { ifVersion: read.version };
}

/** Answer of a step that lost a conditional write: run the step again, from its first read. */
export const RETRY: unique symbol = Symbol("again");

/** Maximum attempts by default. With their pauses they take about a second. */
const MAX_ATTEMPTS = 20;

/** Attempts before the first pause. A conflict means that another process succeeded, so these need none. */
const ATTEMPTS_WITHOUT_PAUSE = 3;

/** Maximum pause before an attempt, in milliseconds. */
const MAX_PAUSE_MS = 100;

/** Options of {@linkcode repeatOnConflict}. */
export interface ConflictOptions {
  /** Maximum attempts. */
  attempts?: number;
  /** True if no attempt may follow any more. */
  isOver?: () => boolean;
  /** Resolves after this time in milliseconds. */
  sleep?: (milliseconds: number) => Promise<void>;
}

/**
 * Runs `step`, which reads, decides and writes by the version that it read, until it answers something else than
 * {@linkcode RETRY}. Gives the result of `tooMany`, which may throw, when no attempt is left.
 */
export async function repeatOnConflict<T, TooMany>(
  step: () => Promise<T | typeof RETRY>,
  tooMany: () => TooMany,
  { attempts = MAX_ATTEMPTS, isOver = () => false, sleep = pause }: ConflictOptions = {},
): Promise<T | TooMany> {
  for (let made = 1;; made++) {
    const result = await step();
    if (result !== RETRY) return result;
    if (made >= attempts || isOver()) return tooMany();
    if (made > ATTEMPTS_WITHOUT_PAUSE) await sleep(Math.min(MAX_PAUSE_MS, 2 ** (made - 1)) * Math.random());
  }
}
