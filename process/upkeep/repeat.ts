/** Options of {@linkcode startSweeper}. */
export interface SweeperOptions {
  /** Runs one sweep. */
  sweep: () => Promise<void>;
  /** Milliseconds from the end of one sweep to the next; 0 turns sweeps off. */
  interval: number;
  /** Called for a failed sweep; the next one runs anyway. */
  failed: (error: unknown) => void;
}

/** Periodic sweep. */
export interface Sweeper {
  /** Starts no further sweep. Does not wait for a running one, which may be interrupted at any step. */
  stop(): void;
}

/** Maximum delay of the first sweep: a process may live for less than the interval. */
const FIRST_DELAY_MS = 30_000;

/** Starts a periodic sweep, one sweep at a time. */
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
