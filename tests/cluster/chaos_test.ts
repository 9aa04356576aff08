import { assertEquals, assertGreater } from "@std/assert";
import { Dice } from "../fuzz/dice.ts";
import { startCluster } from "../harness/cluster.ts";
import { storedInAws } from "../harness/stored.ts";
import { censusOf, leftoversAfter, pullAll, settledCensus } from "./chaos_audit.ts";
import { ChaosClient, type ChaosRun } from "./chaos_client.ts";
import { type ImagePlan, planImages } from "./chaos_images.ts";
import { startCollectors } from "./chaos_collectors.ts";
import { startKiller } from "./chaos_kills.ts";
import { pushImage } from "./chaos_push.ts";
import { Counts } from "./counts.ts";
import { type FaultProxies, startFaultProxies } from "./fault_proxies.ts";

/** Number of pushed images, and the seed of the run; another seed makes another run. */
const PUSHES = Number(Deno.env.get("CHAOS_PUSHES") ?? 500);
const SEED = Number(Deno.env.get("CHAOS_SEED") ?? 20_261_124);

const CLIENTS = 16;
const REPOSITORIES = 20;

/** Part of the calls to each store that fail. */
const FAULT_RATE = 0.05;

/** Upload expiry and deadline of a commit, in milliseconds. */
const [EXPIRY_MS, GRACE_MS] = [30_000, 20_000];

/** The shortest permitted times, so that remains are removed soon. */
const SETTINGS = {
  SKERRY_UPLOAD_EXPIRY: `${EXPIRY_MS}ms`,
  SKERRY_GRACE: `${GRACE_MS}ms`,
  SKERRY_DEADLINE: `${GRACE_MS / 4}ms`,
  SKERRY_SWEEP_INTERVAL: "1s",
  SKERRY_COLLECT_INTERVAL: "0", // that is done by others
};

/** Collectors beside the replicas. */
const COLLECTORS = 2;

Deno.test("replicas lose nothing when they are killed every second and their stores fail", async () => {
  console.log(`${PUSHES} pushes with seed ${SEED}`);
  const started = Date.now();
  const images = planImages(SEED, PUSHES, REPOSITORIES);
  let faults: FaultProxies | undefined;
  await using cluster = await startCluster({
    env: SETTINGS,
    between: async (stores) => faults = await startFaultProxies(stores, { seed: SEED }),
  });
  using http = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const run: ChaosRun = { url: cluster.url, http, counts: new Counts(), blobs: new Map() };

  await faults!.setRate(FAULT_RATE);
  const collectors = startCollectors({ ...cluster.stores.env(faults), ...SETTINGS }, COLLECTORS);
  const killer = startKiller(cluster.replicas, new Dice(SEED, PUSHES));
  try {
    await pushAll(run, images);
  } finally {
    await killer.stop();
    await faults!.setRate(0);
    console.log(`${run.counts}\nFaults of the stores:`, await faults!.counts());
    for (const line of errorsIn(cluster.log())) console.log(line);
  }
  console.log(`${PUSHES} images pushed in ${seconds(started)} s, with ${killer.kills} kills`);
  if (killer.missed > 0) {
    console.log(`(and none in ${killer.missed} seconds in which only one replica was up)`);
  }
  assertGreater(killer.kills, PUSHES / 50);

  const kept = images.filter(({ deleted }) => !deleted);
  const pulling = Date.now();
  for (const { url } of cluster.replicas) {
    const { blobs, bytes } = await pullAll(url, kept);
    console.log(`${blobs} blobs and manifests pulled from ${url}, ${(bytes / 1e6).toFixed()} MB`);
  }
  console.log(`All pulled in ${seconds(pulling)} s`);
  assertEquals(errorsIn(cluster.log()), []);

  const stored = storedInAws(cluster.stores);
  const expected = censusOf(kept);
  // The edges of deleted manifests are removed first, then the links, then the blobs.
  const census = await settledCensus(stored, expected, EXPIRY_MS + 5 * GRACE_MS);
  const leftovers = await leftoversAfter(stored, EXPIRY_MS + 2 * GRACE_MS);
  await collectors.stop();
  console.log("Collections:", collectors.counts, "items:", census);
  assertEquals(leftovers, []);
  assertEquals(census, expected);
  await pullAll(cluster.replicas[0]!.url, kept);
  console.log(`Nothing is left over, and nothing is missing; all in ${seconds(started)} s`);
});

async function pushAll(run: ChaosRun, images: readonly ImagePlan[]): Promise<void> {
  const queue = images.values();
  let failed = false;
  const clients = Array.from({ length: CLIENTS }, async (_, number) => {
    const client = new ChaosClient(run, SEED, number);
    try {
      for (const image of queue) {
        if (failed) return;
        await pushImage(client, image, { safe: GRACE_MS / 2 });
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  });
  const results = await Promise.allSettled(clients);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/**
 * Internal errors in a log, without those about a store that does not answer for a while: at a start, in a request or
 * in upkeep.
 */
function errorsIn(log: string): string[] {
  return log.split("\n").filter((line) =>
    line.includes('"level":"error"') && !line.includes('"status":503') &&
    !line.includes('"error":"UnavailableError: ') &&
    !line.includes("Cannot determine if the bucket verifies content") &&
    !line.includes("Not ready: cannot use the storage")
  );
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}
