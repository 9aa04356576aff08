/** Options of {@linkcode startSweeper}. */
export interface SweeperOptions {
  /** Removes what may go. */
  sweep: () => Promise<void>;
  /** Milliseconds from the end of one sweep to the next; 0 turns sweeps off. */
  interval: number;
  /** Called for a failed sweep; the next one runs anyway. */
  failed: (error: unknown) => void;
}

/** A sweep that comes again and again. */
export interface Sweeper {
  /** Begins no further sweep, and tells nothing of one that is under way: a sweep may end anywhere. */
  stop(): void;
}

/** Processes may live for much less than the interval, so the first sweep does not wait for all of it. */
const FIRST_DELAY_MS = 30_000;

/** Sweeps now and then, one sweep at a time. */
export function startSweeper({ sweep, interval, failed }: SweeperOptions): Sweeper {
  let stopped = interval === 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const plan = (delay: number) => {
    if (!stopped) timer = setTimeout(run, delay);
  };
  const run = async () => {
    try {
      await sweep();
    } catch (error) {
      if (!stopped) failed(error);
    }
    plan(interval);
  };
  plan(Math.min(interval, FIRST_DELAY_MS));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
