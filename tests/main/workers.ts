/**
 * Parts of tests that start `main.ts` with several workers.
 *
 * @module
 */
import type { RegistryProcess } from "../harness/registry_process.ts";
import { until } from "./run_main.ts";

/** Client whose requests all reach one worker, because it keeps one connection open. */
export interface WorkerClient extends Disposable {
  /** Names the worker: the part of its request ids that is the same in all of them. */
  readonly worker: string;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
}

/** One client for each of so many workers. */
export async function clientsOf({ url }: RegistryProcess, count = 2): Promise<WorkerClient[]> {
  const clients = new Map<string, WorkerClient>();
  await until(async () => {
    const client = await connect(url);
    if (client === undefined) return false;
    if (clients.has(client.worker)) client[Symbol.dispose]();
    else clients.set(client.worker, client);
    return clients.size === count;
  });
  return [...clients.values()];
}

/** A client of any worker; undefined if the connection breaks, because its worker has just ended. */
async function connect(url: string): Promise<WorkerClient | undefined> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 1 });
  const request = (path: string, init?: RequestInit) => fetch(new URL(path, url), { ...init, client });
  try {
    const response = await request("/livez");
    await response.body?.cancel();
    return { worker: workerOf(response), fetch: request, [Symbol.dispose]: () => client.close() };
  } catch {
    client.close();
    return undefined;
  }
}

/** The worker that answered. */
export function workerOf({ headers }: Response): string {
  return headers.get("X-Request-Id")!.split("-")[0]!;
}

/** Process ids of the workers, the first one first. */
export async function workerPids({ pid }: Pick<RegistryProcess, "pid">): Promise<number[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return children.split(" ").filter((text) => text !== "").map(Number);
}

/** Waits until so many workers are open, and returns their process ids. */
export async function untilOpen(registry: RegistryProcess, count = 2): Promise<number[]> {
  for (const client of await clientsOf(registry, count)) {
    await until(async () => {
      const response = await client.fetch("/readyz");
      await response.body?.cancel();
      return response.ok;
    });
    client[Symbol.dispose]();
  }
  return await workerPids(registry);
}
