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

/** Who removes by rules, in the audit. */
const SYSTEM = "system";

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
        if (removal.kind === "tag") {
          const { repository = "", name: tag, reason } = removal;
          log.audit({ who: SYSTEM, action: "tag.delete", repository, tag, reason });
        }
      },
      stopped: () => stopped,
    });
    if (Object.keys(counts).length > 0) {
      log.info("Removed what nothing refers to", { ...counts, bytes: size });
    }
  }

  async function retain(): Promise<void> {
    for await (const { pending, digest: before, ...retired } of stored.retain(config.retention)) {
      if (pending) continue;
      log.info("Removed what no rule keeps", { ...retired });
      const { kind, repository, name, reason } = retired;
      const what = kind === "tag"
        ? { action: "tag.delete", tag: name } as const
        : { action: "manifest.delete" } as const;
      log.audit({ who: SYSTEM, ...what, repository, before, reason });
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
