import type { IncomingMessage } from "node:http";
import { freePort } from "../../tests/harness/ports.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import type { ClusterOptions } from "./options.ts";
import { Replica } from "./replica.ts";
import { startStores, type Stores } from "./stores.ts";

/** Maximum characters of a printed path. */
const MAX_PATH_LENGTH = 60;

/** A running cluster. Disposing of it ends its processes, and removes its folder unless it was given. */
export interface Cluster extends AsyncDisposable {
  /** Entry to the cluster. */
  readonly balancer: Balancer;
  /** Processes of the registry, by their number. */
  readonly replicas: readonly Replica[];
  /** Servers that all replicas share. */
  readonly stores: Stores;
  /** Folder of the content and the logs. */
  readonly folder: string;
}

/**
 * Starts stores, replicas and balancer, and waits until all of them are ready.
 *
 * @param print Called with a line for each request, and for each change of a replica once all of them are ready.
 * @param stop Aborts the start.
 * @throws {Error} if one of them does not start.
 */
export async function startCluster(
  options: ClusterOptions,
  print: (line: string) => void,
  stop: AbortSignal,
): Promise<Cluster> {
  const ports = portsOf(options);
  await using stack = new AsyncDisposableStack();
  const folder = await openFolder(options.data, stack);
  const env = inheritedEnv();
  const stores = await startStores(folder, env, `${folder}/stores.log`, stop);
  stack.defer(() => stores.stop());
  let started = false;
  const replicas: Replica[] = ports.replicas.map((port, index) =>
    new Replica({
      number: index + 1,
      port,
      env: { ...env, ...stores.env },
      logFile: `${folder}/replica-${index + 1}.log`,
      restart: options.restart,
      changed(reason) {
        if (started) print(`${reason}: ${targets(replicas)}`);
      },
    })
  );
  stack.defer(async () => void await Promise.all(replicas.map((replica) => replica.stop())));
  await Promise.all(replicas.map((replica) => startReady(replica, stop)));
  started = true;
  const balancer = await startBalancer({
    port: ports.balancer,
    backends: replicas,
    forwarded: (request, { number }) => print(`replica ${number}  ${lineOf(request)}`),
    failed: (request, { number }, error) =>
      print(`replica ${number}  ${lineOf(request)} failed: ${error.message}`),
  });
  const kept = stack.move();
  return {
    balancer,
    replicas,
    stores,
    folder,
    async [Symbol.asyncDispose]() {
      balancer.stopListening();
      await kept.disposeAsync(); // the replicas complete the requests that they have, as far as they have time
      balancer.closeConnections();
    },
  };
}

/** @throws {Error} if a port is taken. */
function portsOf({ port, replicas }: ClusterOptions): { balancer: number; replicas: number[] } {
  const ports = Array.from({ length: replicas + 1 }, (_, index) => port === 0 ? freePort() : port + index);
  for (const port of ports) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    } catch (error) {
      throw new Error(`Cannot listen on 127.0.0.1:${port}: ${(error as Error).message} (choose with --port)`);
    }
  }
  const [balancer, ...others] = ports;
  return { balancer: balancer!, replicas: others };
}

async function openFolder(data: string | undefined, stack: AsyncDisposableStack): Promise<string> {
  if (data !== undefined) {
    await Deno.mkdir(data, { recursive: true });
    return await Deno.realPath(data);
  }
  const folder = await Deno.makeTempDir({ prefix: "skerry-cluster-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}

/** The caller's environment without what would lead to other stores. */
function inheritedEnv(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("AWS_")));
}

async function startReady(replica: Replica, stop: AbortSignal): Promise<void> {
  await replica.start(stop);
  if (replica.isReady) return;
  throw new Error(`Cannot start replica ${replica.number}:\n${replica.lastLines}`);
}

/** Method and path of a request; the id of an upload and a digest are long. */
function lineOf({ method, url }: IncomingMessage): string {
  return `${method} ${url!.length > MAX_PATH_LENGTH ? `${url!.slice(0, MAX_PATH_LENGTH)}...` : url}`;
}

function targets(replicas: readonly Replica[]): string {
  const ready = replicas.filter(({ isReady }) => isReady).map(({ number }) => number);
  return ready.length === 0
    ? "no replica is ready"
    : `requests go to ${new Intl.ListFormat("en-GB").format(ready.map(String))}`;
}
