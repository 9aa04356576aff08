/**
 * Several registry processes on one bucket and one table, behind a load balancer.
 *
 * ```ts ignore
 * await using cluster = await startCluster();
 * await fetch(`${cluster.url}/v2/`); // by the first replica
 * await fetch(`${cluster.url}/v2/`); // by the second
 * ```
 *
 * @module
 */

import { type Haproxy, type ServiceProcess, startHaproxy } from "../services/mod.ts";
import { type AwsStores, type Endpoints, type S3Server, startAwsStores, useAll } from "./aws_stores.ts";
import { type RegistryProcess, startRegistry } from "./registry_process.ts";

/** Maximum time from the start of a replica until it can use its stores, in milliseconds. */
const READY_DEADLINE_MS = 60_000;

/** Options of {@linkcode startCluster}. */
export interface ClusterOptions {
  /** Number of processes; 3 by default. */
  readonly replicas?: number;
  /** The S3 server; by default the one that starts sooner. */
  readonly s3?: S3Server;
  /** Settings of every replica on top of those that it needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Puts something between the replicas and their stores: what it answers is all that the replicas know of. */
  readonly between?: (stores: Endpoints) => Promise<Endpoints & AsyncDisposable>;
}

/** A proxy before the replicas, by its address. */
export interface AnyBalancer extends ServiceProcess {
  /** `host:port`. */
  readonly host: string;
  /** URL of the host, without a slash at the end. */
  readonly url: string;
}

/** Options of a cluster behind another balancer than {@linkcode startHaproxy}. */
export interface BalancedClusterOptions<B extends AnyBalancer> extends ClusterOptions {
  /** Starts the balancer before the replicas with these URLs. */
  readonly balancer: (replicas: readonly string[]) => Promise<B>;
}

/** One of the processes. It has the same address all the time. */
export interface Replica {
  /** `host:port`. */
  readonly host: string;
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Another one after each restart. */
  readonly pid: number;
  /** All that it has written to its output and error stream so far, before its restarts too. */
  log(): string;
  /** Sends a signal (SIGKILL by default) and waits for the end. */
  kill(signal?: Deno.Signal): Promise<void>;
  /** Starts it again after its end, and waits until it is ready. */
  restart(): Promise<void>;
}

/** A running cluster. Disposing of it stops everything and removes all data. */
export interface Cluster<B extends AnyBalancer = Haproxy> extends AsyncDisposable {
  /** `host:port` of the balancer, the first part of an image's name. */
  readonly host: string;
  /** URL of the balancer, without a slash at the end. */
  readonly url: string;
  readonly balancer: B;
  readonly replicas: readonly Replica[];
  readonly stores: AwsStores;
  /** Logs of all replicas, one after the other. */
  log(): string;
}

/**
 * Starts stores, replicas and balancer, and waits until all of them are ready.
 *
 * @throws {Error} When one of them does not come up.
 */
export function startCluster(options?: ClusterOptions): Promise<Cluster>;
export function startCluster<B extends AnyBalancer>(options: BalancedClusterOptions<B>): Promise<Cluster<B>>;
export function startCluster(
  options: ClusterOptions & Partial<BalancedClusterOptions<AnyBalancer>> = {},
): Promise<Cluster<AnyBalancer>> {
  return start(options, options.balancer ?? startHaproxy);
}

async function start<B extends AnyBalancer>(
  options: ClusterOptions,
  startBalancer: (replicas: readonly string[]) => Promise<B>,
): Promise<Cluster<B>> {
  await using stack = new AsyncDisposableStack();
  const stores = stack.use(await startAwsStores(options.s3));
  const endpoints = options.between === undefined
    ? stores.endpoints
    : stack.use(await options.between(stores.endpoints));
  const env = { ...stores.env(endpoints), ...options.env };
  const count = options.replicas ?? 3;
  const replicas = await useAll(stack, Array.from({ length: count }, () => startReplica(env)));
  const balancer = stack.use(await startBalancer(replicas.map(({ url }) => url)));
  const kept = stack.move();
  return {
    host: balancer.host,
    url: balancer.url,
    balancer,
    replicas,
    stores,
    log: () => replicas.map((replica) => replica.log()).join(""),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Starts a replica with these settings, and waits until it can use its storage. */
export async function startReplica(
  env: Readonly<Record<string, string>>,
): Promise<Replica & AsyncDisposable> {
  let process = await startReady(env);
  let earlier = "";
  const { host, url, port } = process;
  return {
    host,
    url,
    port,
    get pid() {
      return process.pid;
    },
    log: () => earlier + process.log(),
    async kill(signal) {
      await process.kill(signal);
    },
    async restart() {
      await process[Symbol.asyncDispose]();
      const next = await startReady(env, port);
      earlier += process.log();
      process = next;
    },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

/** A process says that it is there before it has opened its stores. */
async function startReady(env: Readonly<Record<string, string>>, port?: number): Promise<RegistryProcess> {
  const registry = await startRegistry({ env, ...(port === undefined ? {} : { port }) });
  try {
    const deadline = Date.now() + READY_DEADLINE_MS;
    while (!(await isReady(registry))) {
      if (Date.now() > deadline) throw new Error(`Cannot use the stores:\n${registry.log().slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw error;
  }
  return registry;
}

/** @throws {Error} Where the registry has ended. */
async function isReady({ url, log }: RegistryProcess): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    throw new Error(`Cannot use the stores: the registry has ended\n${log()}`, { cause: error });
  }
}
