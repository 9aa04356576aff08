import { startCluster } from "../harness/cluster.ts";
import { type RegistryProcess, startRegistry } from "../harness/registry_process.ts";
import { type Stored, storedInAws, storedInFolder } from "../harness/stored.ts";

/**
 * Registry processes over one store, which can be killed and come back. Whatever else there is to test crashes with
 * only has to be one of these.
 */
export interface Deployment extends AsyncDisposable {
  /** Its place, for a person. */
  readonly place: string;
  /** Its stored state. */
  readonly stored: Stored;
  /** URLs of the registry, all equal; another set after each {@linkcode restart}. */
  urls(): readonly string[];
  /** Ends processes without a warning, so that what they were doing stays as it is. Settles when they are gone. */
  kill(): Promise<void>;
  /** Ends processes once they are done with what they do. */
  stop(): Promise<void>;
  /** Brings back what was ended, and settles when it answers. */
  restart(): Promise<void>;
  /** All that its processes have written to their logs. */
  log(): string;
  /** Removes, once it has ended, what else would stay for a person to look at. */
  clear(): Promise<void>;
}

/** Starts a deployment with these settings. */
export type Start = (env: Readonly<Record<string, string>>) => Promise<Deployment>;

/** One process on a data folder. */
export const startSingle: Start = async (env) => {
  const data = await Deno.makeTempDir({ prefix: "skerry-kill-" });
  let process: RegistryProcess = await startRegistry({ data, env });
  let earlier = "";
  return {
    place: `${data}, which stays if the test fails`,
    stored: storedInFolder(data),
    urls: () => [process.url],
    async kill() {
      await process.kill();
    },
    async stop() {
      await process[Symbol.asyncDispose]();
    },
    async restart() {
      const next = await startRegistry({ data, env });
      earlier += process.log();
      process = next;
    },
    log: () => earlier + process.log(),
    clear: () => Deno.remove(data, { recursive: true }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
};

/** Time until the next replica is killed too, in milliseconds. */
const NEXT_REPLICA_MS = 100;

/** Three processes on one bucket and one table. */
export const startReplicas: Start = async (env) => {
  const cluster = await startCluster({ env });
  const { replicas } = cluster;
  return {
    place: "a bucket and a table",
    stored: storedInAws(cluster.stores),
    urls: () => replicas.map(({ url }) => url),
    // One after the other: for a moment those that are left meet what the others have left behind.
    async kill() {
      for (const replica of replicas) {
        await replica.kill();
        await new Promise((resolve) => setTimeout(resolve, NEXT_REPLICA_MS));
      }
    },
    async stop() {
      await Promise.all(replicas.map((replica) => replica.kill("SIGINT")));
    },
    async restart() {
      await Promise.all(replicas.map((replica) => replica.restart()));
    },
    log: cluster.log,
    clear: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
};
