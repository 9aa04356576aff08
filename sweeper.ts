/** What {@linkcode startSweeper} takes. */
export interface SweeperOptions {
  /** Removes what may go. */
  sweep: () => Promise<void>;
  /** Milliseconds from the end of one sweep to the next; 0 for no sweep at all. */
  interval: number;
  /** Told of a sweep that failed; the next one comes all the same. */
  failed: (error: unknown) => void;
}

/** A sweep that comes again and again. */
export interface Sweeper {
  /** Begins no further sweep, and settles when one that is under way has ended. */
  stop(): Promise<void>;
}

/** Processes may live for much less than the interval, so the first sweep does not wait for all of it. */
const FIRST_DELAY = 30_000;

/** Sweeps now and then, one sweep at a time. */
export function startSweeper({ sweep, interval, failed }: SweeperOptions): Sweeper {
  let stopped = interval === 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> = Promise.resolve();
  const plan = (delay: number) => {
    if (!stopped) timer = setTimeout(() => running = run(), delay);
  };
  const run = async () => {
    try {
      await sweep();
    } catch (error) {
      failed(error);
    }
    plan(interval);
  };
  plan(Math.min(interval, FIRST_DELAY));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      return running;
    },
  };
}
