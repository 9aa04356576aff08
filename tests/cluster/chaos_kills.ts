import type { Dice } from "../fuzz/dice.ts";
import type { Replica } from "../harness/cluster.ts";

/** Milliseconds from one kill to the next. */
const EVERY_MS = 1000;

/** Kills and restarts of replicas, until it is told to stop. */
export interface Killer {
  /** Number of kills. */
  readonly kills: number;
  /** Number of skipped kills, because all other replicas were starting. */
  readonly missed: number;
  /** Ends it, once all replicas are back. */
  stop(): Promise<void>;
}

/**
 * Kills a replica every second, any that is up, without a warning, and starts it again at once. The last one that is up
 * is spared, since on a machine where a start takes long there would be hardly any registry else.
 */
export function startKiller(replicas: readonly Replica[], dice: Dice): Killer {
  const up = new Set(replicas);
  const failures: unknown[] = [];
  let [kills, missed] = [0, 0];
  const restarting = new Set<Promise<void>>();
  const timer = setInterval(() => {
    if (up.size < 2) missed++;
    else kill(dice.pick([...up]));
  }, EVERY_MS);

  function kill(replica: Replica): void {
    kills++;
    up.delete(replica);
    const restarted = replica.kill("SIGKILL")
      .then(() => replica.restart())
      .then(() => void up.add(replica))
      .catch((error) => void failures.push(error))
      .finally(() => restarting.delete(restarted));
    restarting.add(restarted);
  }

  return {
    get kills() {
      return kills;
    },
    get missed() {
      return missed;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(restarting);
      if (failures.length > 0) throw new AggregateError(failures, "Cannot restart a replica");
    },
  };
}
