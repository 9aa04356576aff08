/**
 * Images pushed to replicas that are killed, through a balancer, while their stores fail.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { Dice } from "../fuzz/dice.ts";
import { type AnyBalancer, type Cluster, type ClusterOptions, startCluster } from "../harness/cluster.ts";
import { storedInAws } from "../harness/stored.ts";
import { type Balancer, type BalancerName, startBalancer } from "../services/mod.ts";
import { censusOf, leftoversAfter, pullAll, settledCensus } from "./chaos_audit.ts";
import { ChaosClient, type ChaosRun } from "./chaos_client.ts";
import { startCollectors } from "./chaos_collectors.ts";
import { type ImagePlan, planImages } from "./chaos_images.ts";
import { startKiller } from "./chaos_kills.ts";
import { pushImage } from "./chaos_push.ts";
import { Counts } from "./counts.ts";
import { type FaultProxies, startFaultProxies } from "./fault_proxies.ts";

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

/** Options of {@linkcode runChaos}. */
export interface ChaosOptions {
  /** Number of images. */
  readonly pushes: number;
  /** Another seed makes another run. */
  readonly seed: number;
  /** A configuration of `infra/balancers`; by default HAProxy without health checks, which repeats only failed connections. */
  readonly balancer?: BalancerName;
  /** Workers of each replica; 1 by default. With more, half of the kills hit a worker instead of the whole replica. */
  readonly workers?: number;
}

/**
 * Pushes images to three replicas of which one is killed every second, while one call in twenty to each store fails and
 * two garbage collectors run. Checks that every acknowledged image can be pulled, byte by byte, and that nothing else is
 * left. Prints the failures that the clients have seen.
 */
export async function runChaos({ pushes, seed, balancer, workers = 1 }: ChaosOptions): Promise<void> {
  console.log(`${pushes} pushes with seed ${seed}`);
  const started = Date.now();
  const images = planImages(seed, pushes, REPOSITORIES);
  let faults: FaultProxies | undefined;
  await using cluster = await startBehind(balancer, {
    env: { ...SETTINGS, SKERRY_WORKERS: `${workers}` },
    between: async (stores) => faults = await startFaultProxies(stores, { seed }),
  });
  await using stack = new AsyncDisposableStack();
  const run: ChaosRun = {
    url: cluster.url,
    connections: connectionsTo(cluster.balancer).map((client) => stack.use(client)),
    balancer,
    counts: new Counts(),
    blobs: new Map(),
  };

  await faults!.setRate(FAULT_RATE);
  const collectors = startCollectors({ ...cluster.stores.env(faults), ...SETTINGS }, COLLECTORS);
  const killer = startKiller(cluster.replicas, new Dice(seed, pushes), { workers });
  try {
    await pushAll(run, images, seed);
  } finally {
    await killer.stop();
    await faults!.setRate(0);
    console.log(`${run.counts}\nFaults of the stores:`, await faults!.counts());
    for (const line of errorsIn(cluster.log())) console.log(line);
  }
  const ofWorkers = workers > 1 ? ` of replicas and ${killer.workerKills} of workers` : "";
  console.log(`${pushes} images pushed in ${seconds(started)} s, with ${killer.kills} kills${ofWorkers}`);
  console.log(failuresOf(run.counts, killer.kills + killer.workerKills));
  if (killer.missed > 0) {
    console.log(`(and none in ${killer.missed} seconds in which only one replica was up)`);
  }
  assertGreater(killer.kills, pushes / 50);
  if (workers > 1) assertGreater(killer.workerKills, 0);

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
}

function startBehind(
  balancer: BalancerName | undefined,
  options: ClusterOptions,
): Promise<Cluster<AnyBalancer & Partial<Balancer>>> {
  if (balancer === undefined) return startCluster(options);
  return startCluster({
    ...options,
    balancer: (replicas: readonly string[]) => startBalancer(balancer, replicas),
  });
}

/**
 * Connections of the clients, in turns. With HTTP/1.1 each request opens one: on one that was used before, Deno silently
 * repeats a request that fails. Half of the clients use HTTP/2 if the balancer offers it.
 */
function connectionsTo({ certificate, http2 }: Partial<Balancer>): Deno.HttpClient[] {
  const caCerts = certificate === undefined ? [] : [certificate];
  const connections = [Deno.createHttpClient({ caCerts, http1: true, http2: false, poolMaxIdlePerHost: 0 })];
  if (http2) connections.push(Deno.createHttpClient({ caCerts, http1: false, http2: true }));
  return connections;
}

async function pushAll(run: ChaosRun, images: readonly ImagePlan[], seed: number): Promise<void> {
  const queue = images.values();
  let failed = false;
  const clients = Array.from({ length: CLIENTS }, async (_, number) => {
    const client = new ChaosClient(run, seed, number);
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

/** A line with the failures that clients have seen. */
function failuresOf(counts: Counts, kills: number): string {
  const lost = counts.total((name) => name.endsWith(": lost"));
  const byBalancer = counts.total((name) => name.endsWith(" by the balancer"));
  const byRegistry = counts.total((name) => name.endsWith(": 503"));
  const requests = counts.total((name) => name.includes(": "));
  return `Failed: ${
    lost + byBalancer + byRegistry
  } of ${requests} requests (${lost} lost, ${byBalancer} by the ` +
    `balancer, ${byRegistry} by the registry), ${
      ((lost + byBalancer) / kills).toFixed(1)
    } of the first two each kill`;
}

/**
 * Internal errors in a log, without those about a store that does not answer for a while: at a start, in a request or
 * in upkeep.
 */
function errorsIn(log: string): string[] {
  return log.split("\n").filter((line) =>
    line.includes('"level":"error"') && !line.includes('"http.response.status_code":503') &&
    !line.includes('"error":"UnavailableError: ') &&
    !line.includes("Cannot determine if the bucket verifies content") &&
    !line.includes("Not ready: cannot use the storage")
  );
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(1);
}
