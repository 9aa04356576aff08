import { observer } from "../../telemetry/observer.ts";
import type { Outbox, PurgeReport, PurgeTarget } from "../../registry/mod.ts";
import { formatAge } from "../../registry/mod.ts";
import { withTimeout } from "../../storage/ports.ts";
import type { Log } from "../log/mod.ts";
import { startSweeper } from "../upkeep/mod.ts";

/** Options of {@linkcode startPurging}. */
export interface PurgingOptions {
  /** Purges that wait. */
  outbox: Outbox;
  /** Shared cache to purge. */
  target: PurgeTarget;
  /** Milliseconds for which a process may send an earlier answer after a change: a purge within them would be useless. */
  delay: number;
  /** True if this process also makes purges of other processes. */
  takesOthers: boolean;
  /** Log of purges and failures. */
  log: Pick<Log, "info" | "error">;
}

/** Purges of a process. */
export interface Purging {
  /** Makes the purges that wait, once. */
  run(): Promise<void>;
  /** Warnings for the operator: purges that the cache does not accept. */
  warnings(): string[];
  /** Makes the purges of this process that wait, within a second, and begins no more. */
  stop(): Promise<void>;
}

/** Milliseconds from the first change to the purges of it and of the changes after it. */
const SETTLE_MS = 1000;

/** Milliseconds from a change to its purge at least: answers from before it arrive at the cache within that time. */
const LEAST_AGE_MS = SETTLE_MS / 2;

/** Milliseconds between two looks for purges of other processes. */
const OTHERS_INTERVAL_MS = 30_000;

/** Shortest and longest pause after a failure, in milliseconds. It doubles with each one. */
const BACKOFF_MS = { least: 1000, most: 300_000 };

/** Milliseconds that a stop may take for the last purges. */
const STOP_LIMIT_MS = 1000;

/** Age in milliseconds from which a purge that waits causes a warning. */
const WARNING_AGE_MS = 60_000;

/** Starts to make purges in the background, one attempt at a time. */
export function startPurging({ outbox, target, delay, takesOthers, log }: PurgingOptions): Purging {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let notBefore = 0;
  let running = Promise.resolve();

  /** Runs a part of the work after all earlier ones. Answers true if it has succeeded. */
  function attempt(part: () => Promise<PurgeReport>): Promise<boolean> {
    const result = running.then(async () => {
      const began = performance.now();
      try {
        const { purges, tags, lag } = await part();
        if (purges > 0) observer?.delivered("purges", lag, purges);
        if (failures > 0) log.info("The shared cache accepts purges again");
        failures = 0;
        observer?.ran("purges", performance.now() - began, true);
        if (purges > 0) log.info("Purged the shared cache", { purges, tags, lagMs: lag });
        return true;
      } catch (error) {
        failed(error);
        observer?.ran("purges", performance.now() - began, false);
        return false;
      }
    });
    running = result.then(() => {});
    return result;
  }

  function failed(error: unknown): void {
    const { retryAfter = 0 } = error as { retryAfter?: number };
    const pause = Math.min(BACKOFF_MS.most, BACKOFF_MS.least * 2 ** Math.min(20, failures));
    notBefore = performance.now() + Math.max(pause, retryAfter);
    // Once: the warning stays in /readyz.
    if (failures++ === 0 && !stopped) {
      log.error(
        "Cannot purge the shared cache: it may send deleted content until its time has passed",
        error,
      );
    }
  }

  function plan(milliseconds: number): void {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(async () => {
      timer = undefined;
      // Another attempt may have failed meanwhile.
      if (performance.now() < notBefore) return plan(0);
      const isDone = await attempt(() => outbox.drainSettled(target, { age: LEAST_AGE_MS + delay }));
      if (!isDone) plan(0);
      else if (outbox.hasSettled) plan(SETTLE_MS + delay);
    }, Math.max(milliseconds, notBefore - performance.now()));
  }

  async function drainDue(): Promise<void> {
    if (performance.now() < notBefore) return;
    await attempt(() => outbox.drainDue(target, { stopped: () => stopped }));
  }

  observer?.watch("skerry.background.oldest_age", () => (outbox.oldestAge ?? 0) / 1000, "purges");
  outbox.onSettled(() => plan(SETTLE_MS + delay));
  const others = startSweeper({
    interval: takesOthers ? OTHERS_INTERVAL_MS : 0,
    failed: (error) => log.error("Cannot look for purges", error),
    sweep: drainDue,
  });
  return {
    async run() {
      await attempt(() => outbox.drainSettled(target));
      if (takesOthers) await drainDue();
    },
    warnings() {
      const age = outbox.oldestAge ?? 0;
      if (failures === 0 || age < WARNING_AGE_MS) return [];
      return [`The shared cache has accepted no purge for ${formatAge(age)}: it may send deleted content`];
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      others.stop();
      await withTimeout(attempt(() => outbox.drainSettled(target)), STOP_LIMIT_MS, () => false);
    },
  };
}
