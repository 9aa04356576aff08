import type { Log } from "./log.ts";
import type { StoredRegistry } from "./registry/mod.ts";
import type { Config } from "./settings.ts";
import { startSweeper } from "./sweeper.ts";

/** What is done now and then beside the requests. */
export interface Upkeep {
  /** Does what is due, for about so many milliseconds. */
  run(budget: number): Promise<void>;
  /** Begins nothing more. What is under way may end anywhere. */
  stop(): void;
}

/** Milliseconds between two looks whether a collection is due: it may be another process that has begun the last one. */
const LOOK_INTERVAL = 15 * 60_000;

/** Removes what has expired, what nothing refers to and what no rule keeps, as often as the configuration says. */
export function startUpkeep(
  config: Config,
  stored: Pick<StoredRegistry, "sweep" | "continueCollection" | "retain">,
  log: Log,
): Upkeep {
  let stopped = false;

  async function sweep(): Promise<void> {
    const { uploads, objects } = await stored.sweep();
    if (uploads > 0) log.info("Removed expired uploads", { uploads, objects });
  }

  async function collect(budget: number): Promise<void> {
    const counts: Record<string, number> = {};
    let size = 0;
    await stored.continueCollection({
      interval: config.collectInterval,
      budget,
      removed: (removal) => {
        counts[removal.kind] = (counts[removal.kind] ?? 0) + 1;
        size += removal.size ?? 0;
      },
      stopped: () => stopped,
    });
    if (Object.keys(counts).length > 0) {
      log.info("Removed what nothing refers to", { ...counts, bytes: size });
    }
  }

  async function retain(): Promise<void> {
    for await (const { pending, ...retired } of stored.retain(config.retention)) {
      if (!pending) log.info("Removed what no rule keeps", { ...retired });
    }
  }

  const { readOnly, sweepInterval, collectInterval, retention, retentionInterval } = config;
  const sweepers = [
    startSweeper({
      interval: readOnly ? 0 : sweepInterval,
      failed: (error) => log.error("Cannot sweep expired uploads", error),
      sweep,
    }),
    startSweeper({
      interval: readOnly ? 0 : Math.min(collectInterval, LOOK_INTERVAL),
      failed: (error) => log.error("Cannot collect what nothing refers to", error),
      sweep: () => collect(Infinity),
    }),
    startSweeper({
      interval: readOnly || retention.length === 0 ? 0 : retentionInterval,
      failed: (error) => log.error("Cannot remove what no rule keeps", error),
      sweep: retain,
    }),
  ];
  return {
    async run(budget) {
      if (readOnly) return;
      if (sweepInterval > 0) await sweep();
      if (collectInterval > 0) await collect(budget);
    },
    stop() {
      stopped = true;
      for (const sweeper of sweepers) sweeper.stop();
    },
  };
}
