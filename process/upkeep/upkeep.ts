import { retirementEvent } from "../../registry/interface.ts";
import type { Log } from "../log/mod.ts";
import {
  formatAge,
  formatSpan,
  type PassProgress,
  type Removal,
  type StoredRegistry,
} from "../../registry/mod.ts";
import type { Config } from "../../config/mod.ts";
import { observer, type Work } from "../../telemetry/observer.ts";
import { startSweeper } from "./repeat.ts";

/** Background work of the process: sweep, garbage collection, retention. */
export interface Upkeep {
  /** Runs due work, for about `budget` milliseconds. */
  run(budget: number): Promise<void>;
  /** Warnings of the upkeep for the operator: garbage collection that is too slow. */
  warnings(): string[];
  /** Begins nothing more. What is under way may end anywhere. */
  stop(): void;
}

/** Principal of retention in the audit log. */
const SYSTEM = "system";

/** Milliseconds between two checks that a full pass is due: another process may have started the last one. */
const CHECK_INTERVAL_MS = 15 * 60_000;

/**
 * Milliseconds between two checks for candidates after their grace period, or a quarter of the interval of garbage
 * collection if that is less: the later they are found, the more time their collection takes from requests.
 */
const CANDIDATES_INTERVAL_MS = 5 * 60_000;

/** Milliseconds between two warnings of the same thing. */
const WARNING_INTERVAL_MS = 10 * 60_000;

/** Milliseconds between two sweeps of failed logins: as long as they count. */
const ACCESS_INTERVAL_MS = 15 * 60_000;

/** The warning about a full pass that does not end within its interval; `undefined` for one that does. */
export function warningOf({ done, estimate }: PassProgress, interval: number): string | undefined {
  // Too little is done for an estimate.
  if (done < 0.01 || estimate <= interval) return undefined;
  return "Garbage collection: the full pass takes longer than its interval. Garbage left by crashes stays longer; " +
    "add replicas, use a faster store, or increase SKERRY_COLLECT_INTERVAL";
}

/** The state of a full pass in the members of a log line. */
function factsOf({ startedAt, items, done, estimate }: PassProgress, interval: number) {
  const seconds = (Date.now() - startedAt) / 1000;
  return {
    progress: `${Math.round(done * 100)} %`,
    items,
    itemsPerSecond: Math.round(items / Math.max(1, seconds)),
    estimate: formatAge(estimate),
    interval: formatSpan(interval),
  };
}

/** Work that {@linkcode startUpkeep} starts. */
export type UpkeepWork =
  & Pick<StoredRegistry, "sweep" | "collectCandidates" | "continueCollection" | "retain">
  & {
    /** Deletes expired counts of failed logins; absent if the registry is open to all. */
    sweepAccess?: () => Promise<void>;
  };

/** Starts the configured background work: sweep, garbage collection, retention. */
export function startUpkeep(
  config: Config,
  stored: UpkeepWork,
  log: Log,
): Upkeep {
  let stopped = false;
  let warning: string | undefined;
  let warnedAt = -Infinity;
  let pass: PassProgress | undefined;

  /** Reports a run to telemetry. */
  async function run<T>(work: Work, part: () => Promise<T>): Promise<T> {
    const began = performance.now();
    let isOk = false;
    try {
      const result = await part();
      isOk = true;
      return result;
    } finally {
      observer?.ran(work, performance.now() - began, isOk);
    }
  }

  async function sweep(): Promise<void> {
    const { uploads, objects } = await run("sweep", () => stored.sweep());
    observer?.uploads("expired", uploads);
    observer?.removed("sweep", "upload", uploads);
    if (uploads > 0) log.info("Sweep removed expired uploads", { uploads, objects });
  }

  async function sweepAccess(): Promise<void> {
    if (stored.sweepAccess !== undefined) await run("sweep-access", stored.sweepAccess);
  }
  const accessFailed = (error: unknown) => log.error("Cannot delete old counts of failed logins", error);

  /** Runs a part of garbage collection, and logs its removals. */
  async function collecting(
    { part, work }: { part: string; work: Work },
    collect: (removed: (removal: Removal) => void) => Promise<unknown>,
  ) {
    const began = performance.now();
    const counts: Record<string, number> = {};
    let bytes = 0;
    const removed = (removal: Removal) => {
      counts[removal.kind] = (counts[removal.kind] ?? 0) + 1;
      bytes += removal.size ?? 0;
      observer?.removed(work, removal.kind, 1, removal.size);
      if (removal.kind !== "tag") return;
      const { repository = "", name: tag, reason } = removal;
      log.audit({ who: SYSTEM, action: "tag.delete", repository, tag, reason });
    };
    try {
      await run(work, () => collect(removed));
    } finally {
      if (Object.keys(counts).length > 0) {
        const seconds = Math.round((performance.now() - began) / 1000);
        log.info("Garbage collection removed unreferenced content", { part, ...counts, bytes, seconds });
      }
    }
  }

  function collectCandidates(ended: () => boolean): Promise<void> {
    return collecting({ part: "candidates", work: "collect-candidates" }, async (removed) => {
      await stored.collectCandidates({ removed, stopped: ended });
    });
  }

  function collect(budget: number): Promise<void> {
    return collecting({ part: "full pass", work: "full-pass" }, async (removed) => {
      const { collectInterval: interval } = config;
      await stored.continueCollection({ interval, budget, removed, progressed, stopped: () => stopped });
    });
  }

  /** Warns while a pass takes longer than its interval, in the log now and then. */
  function progressed(progress: PassProgress): void {
    const { collectInterval: interval } = config;
    pass = progress;
    warning = warningOf(progress, interval);
    if (warning === undefined || performance.now() < warnedAt + WARNING_INTERVAL_MS) return;
    warnedAt = performance.now();
    log.warn(warning, factsOf(progress, interval));
  }

  function retain(isOver = () => stopped): Promise<void> {
    return run("retention", () => applyRetention(isOver));
  }

  async function applyRetention(isOver: () => boolean): Promise<void> {
    for await (const retired of stored.retain(config.retention)) {
      if (retired.pending) continue;
      const { kind, repository, name, reason } = retired;
      log.info("Retention removed content that no rule keeps", { kind, repository, name, reason });
      log.audit({ who: SYSTEM, ...retirementEvent(retired) });
      observer?.removed("retention", kind, 1);
      if (isOver()) return;
    }
  }

  observer?.watch("skerry.collection.progress", () => pass?.done);
  observer?.watch("skerry.collection.estimate", () => pass && pass.estimate / 1000);
  observer?.watch("skerry.collection.interval", () => config.collectInterval / 1000);
  const { readOnly, sweepInterval, collectInterval, retention, retentionInterval } = config;
  const sweepers = [
    // Every process counts failed logins, a read-only one as well.
    startSweeper({
      interval: stored.sweepAccess === undefined ? 0 : ACCESS_INTERVAL_MS,
      failed: accessFailed,
      sweep: sweepAccess,
    }),
    startSweeper({
      interval: readOnly ? 0 : sweepInterval,
      failed: (error) => log.error("Cannot sweep expired uploads", error),
      sweep,
    }),
    startSweeper({
      interval: readOnly ? 0 : Math.min(collectInterval / 4, CANDIDATES_INTERVAL_MS),
      failed: (error) => log.error("Cannot collect garbage candidates", error),
      sweep: () => collectCandidates(() => stopped),
    }),
    startSweeper({
      interval: readOnly ? 0 : Math.min(collectInterval, CHECK_INTERVAL_MS),
      failed: (error) => log.error("Cannot continue the full pass of garbage collection", error),
      sweep: () => collect(Infinity),
    }),
    startSweeper({
      interval: readOnly || retention.length === 0 ? 0 : retentionInterval,
      failed: (error) => log.error("Cannot apply retention", error),
      sweep: () => retain(),
    }),
  ];
  return {
    async run(budget) {
      await sweepAccess().catch(accessFailed);
      if (readOnly) return;
      const end = performance.now() + budget;
      if (sweepInterval > 0) await sweep();
      if (retention.length > 0 && retentionInterval > 0) {
        await retain(() => stopped || performance.now() > end - budget / 2);
      }
      if (collectInterval === 0) return;
      // Half of the time at the most, so that neither part keeps the other from its work.
      await collectCandidates(() => stopped || performance.now() > end - budget / 2);
      await collect(Math.max(0, end - performance.now()));
    },
    warnings: () => warning === undefined ? [] : [warning],
    stop() {
      stopped = true;
      for (const sweeper of sweepers) sweeper.stop();
    },
  };
}
