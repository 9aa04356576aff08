import type { Dice } from "../fuzz/dice.ts";
import type { Replica } from "../harness/cluster.ts";
import { workerPids } from "../main/workers.ts";

/** Milliseconds from one kill to the next. */
const EVERY_MS = 1000;

/** Kills and restarts of replicas, until it is told to stop. */
export interface Killer {
  /** Number of kills of whole replicas. */
  readonly kills: number;
  /** Number of kills of one worker. */
  readonly workerKills: number;
  /** Number of skipped kills, because all other replicas were starting. */
  readonly missed: number;
  /** Ends it, once all replicas are back. */
  stop(): Promise<void>;
}

/** Options of {@linkcode startKiller}. */
export interface KillerOptions {
  /** Number of workers of each replica. */
  readonly workers: number;
}

/**
 * Kills a replica every second, any that is up, without a warning, and starts it again at once. The last one that is up
 * is spared, since on a machine where a start takes long there would be hardly any registry else. With several workers,
 * half of the kills hit one of them, and the replica itself starts another one.
 */
export function startKiller(replicas: readonly Replica[], dice: Dice, { workers }: KillerOptions): Killer {
  const up = new Set(replicas);
  const failures: unknown[] = [];
  let [kills, workerKills, missed] = [0, 0, 0];
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const replica = dice.pick([...up]);
    if (workers > 1 && dice.chance(50)) track(killWorker(replica));
    else if (up.size < 2) missed++;
    else track(killReplica(replica));
  }, EVERY_MS);

  function track(killing: Promise<void>): void {
    const ended = killing
      .catch((error) => void failures.push(error))
      .finally(() => pending.delete(ended));
    pending.add(ended);
  }

  async function killReplica(replica: Replica): Promise<void> {
    kills++;
    up.delete(replica);
    await replica.kill("SIGKILL");
    await replica.restart();
    up.add(replica);
  }

  async function killWorker(replica: Replica): Promise<void> {
    try {
      const pids = await workerPids(replica);
      // None while both wait to be replaced.
      if (pids.length === 0) return;
      Deno.kill(dice.pick(pids), "SIGKILL");
      workerKills++;
    } catch (error) {
      // Its replica was killed meanwhile.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  return {
    get kills() {
      return kills;
    },
    get workerKills() {
      return workerKills;
    },
    get missed() {
      return missed;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      if (failures.length > 0) throw new AggregateError(failures, "Cannot restart a replica");
    },
  };
}
