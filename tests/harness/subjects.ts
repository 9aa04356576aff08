/**
 * Registries for tests of the whole system: one process or two workers on a data folder, and several on shared stores.
 *
 * @module
 */

import { type Haproxy, startHaproxy } from "../services/mod.ts";
import { startCluster } from "./cluster.ts";
import { startRegistry } from "./registry_process.ts";
import { type Stored, storedInAws, storedInFolder } from "./stored.ts";

/** A process of the registry under test. */
export interface SubjectProcess {
  /** `host:port`. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

/** A registry under test. Disposal stops all its processes and removes its data. */
export interface Subject extends AsyncDisposable {
  /** `host:port` at which clients find it. */
  readonly host: string;
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly processes: readonly SubjectProcess[];
  /** Proxy before the processes, if any. */
  readonly balancer?: Haproxy;
  readonly stored: Stored;
  /** Output and error streams of its processes so far. */
  log(): string;
}

/** A kind of registry to test. */
export interface SubjectKind {
  /** Description of it in the name of a test. */
  readonly name: string;
  /** A short name without blanks, for folders. */
  readonly id: "single" | "workers" | "cluster";
  /** Starts an empty one with these settings. */
  start(env: Readonly<Record<string, string>>): Promise<Subject>;
}

/** One process on a data folder: a registry with default settings. */
export const SINGLE: SubjectKind = {
  name: "one process on a data folder",
  id: "single",
  async start(env) {
    const registry = await startRegistry({ env });
    return { ...registry, processes: [registry], stored: storedInFolder(registry.data) };
  },
};

/** Two workers on a data folder, behind a proxy that opens a connection for each request: it reaches either worker. */
export const WORKERS: SubjectKind = {
  name: "two workers on a data folder",
  id: "workers",
  async start(env) {
    await using stack = new AsyncDisposableStack();
    const registry = stack.use(await startRegistry({ env: { SKERRY_WORKERS: "2", ...env } }));
    const { host, url } = stack.use(await startHaproxy([registry.url], { keepsConnections: false }));
    const kept = stack.move();
    return {
      host,
      url,
      processes: [registry],
      stored: storedInFolder(registry.data),
      log: () => registry.log(),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  },
};

/**
 * Three processes on one bucket and one table, with default settings, behind a balancer that sends each request to the
 * next one. Content that one of them has deleted must be gone at the next.
 */
export const CLUSTER: SubjectKind = {
  name: "three replicas behind a balancer",
  id: "cluster",
  async start(env) {
    const cluster = await startCluster({ env });
    return { ...cluster, processes: cluster.replicas, stored: storedInAws(cluster.stores) };
  },
};

/** All kinds. */
export const SUBJECTS: readonly SubjectKind[] = [SINGLE, WORKERS, CLUSTER];
