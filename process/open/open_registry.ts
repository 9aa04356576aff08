import type { Log } from "../log/mod.ts";
import { createRegistry, type LostContent } from "../../registry/mod.ts";
import { type Assembled, Assembly, openAccessFor, rulesFor, type Served } from "./assembly.ts";
import { openStorage, type ServedStorage } from "./open_storage.ts";
import { createReadiness } from "./readiness.ts";
import type { Config } from "../../config/mod.ts";
import type { openPurging, Purging } from "../purging/mod.ts";
import { observer } from "../../telemetry/observer.ts";
import { startUpkeep } from "../upkeep/mod.ts";
import type { OpenWebhooks } from "../webhooks/mod.ts";

export type { Served } from "./assembly.ts";

/** Warning about a blob or manifest whose object is missing from the store. */
export function lostContentMessage(kind: LostContent["kind"]): string {
  return `The object of a ${kind} is missing: the ${kind} answers 404 until it is pushed again. Find out what deletes ` +
    "from the object store; `skerry scrub` lists all damage";
}

/** Part of the registry that one process serves: all of it, or that of one of several workers. */
export interface RegistryPart {
  /** Fraction of the limits of the whole registry on memory and connections. */
  readonly share: number;
  /** True if this process runs the background work. */
  readonly runsUpkeep: boolean;
}

/** A change of the configuration that is ready. */
export interface Change {
  /** For requests that begin after the change. */
  readonly served: Served;
  /** Makes the change, at once. Requests in progress end under the configuration with which they began. */
  commit(): void;
}

/** A registry with all that it stands on. */
export interface OpenRegistry {
  /** For requests that begin now. */
  readonly served: Served;
  /**
   * Prepares a change to another configuration of the same storage. Nothing changes before its `commit`.
   *
   * @throws {StartError} if a file of the configuration cannot be used.
   */
  prepare(config: Config): Promise<Change>;
  /** True if the storage answers and can be written. */
  ready: () => Promise<boolean>;
  /** Warning for the operator, although the registry is ready. */
  warnings: () => string[];
  /** Runs due background work for about `budget` milliseconds, for a process that is started to do it. */
  upkeep: (budget: number) => Promise<void>;
  /** Ends its upkeep and lets go of the storage. What was acknowledged is durable with or without it. */
  close: () => Promise<void>;
}

/**
 * Opens the configured storage and the registry over it.
 *
 * @throws {StartError} for problems that the operator can solve: a missing place, missing rights, another registry's
 *   data.
 */
export async function openRegistry(
  config: Config,
  log: Log,
  { share, runsUpkeep }: RegistryPart = { share: 1, runsUpkeep: true },
): Promise<OpenRegistry> {
  const { objects, table, maxBlobSize = Infinity, probe, replicas, close } = await observed(
    await openStorage(config, log),
  );
  let webhooks: OpenWebhooks | undefined;
  const loginFailed = (address: string | undefined) => webhooks?.loginFailed(address);
  const earlyAccess = await openAccessFor(config, { table, log, loginFailed, isShared: share < 1 });
  const stored = createRegistry({
    ...config,
    ...rulesFor(config, maxBlobSize),
    objects,
    table,
    ...(replicas && { reads: replicas.objects }),
    touch: !config.readOnly,
    share,
    lost: ({ kind, ...facts }) => log.warn(lostContentMessage(kind), facts),
  });
  const ready = createReadiness({
    probe,
    changed(error) {
      if (error === undefined) log.info("Ready again: the storage works");
      else log.error("Not ready: cannot use the storage; /readyz answers 503 until it works", error);
    },
  });
  const warnings = () => [
    ...upkeep?.warnings() ?? [],
    ...purging?.warnings() ?? [],
    ...webhooks?.warnings() ?? [],
  ];
  const state = { ready, warnings };
  const assembly = new Assembly(stored, {
    config,
    table,
    maxBlobSize,
    replicas,
    log,
    share,
    loginFailed,
    state,
  });
  let current = await assembly.first(earlyAccess);
  const upkeepFor = ({ config, stored, access }: Assembled) =>
    runsUpkeep
      ? startUpkeep(config, { ...stored, ...(access && { sweepAccess: access.sweep }) }, log)
      : undefined;
  let upkeep = upkeepFor(current);
  const purging = stored.outbox && await openPurgingOver(config, await stored.outbox(), { log, runsUpkeep });
  /** Receivers of a configuration. Their delivery starts with the first ones. */
  const prepareWebhooks = async (config: Config): Promise<() => void> => {
    if (webhooks === undefined && config.webhooks.length === 0) return () => {};
    const { openWebhooks } = await importWebhooks();
    const takesOthers = runsUpkeep && !config.readOnly;
    webhooks ??= openWebhooks(await stored.events(), { log, takesOthers });
    return await webhooks.prepare(config);
  };
  const watched = ({ served, config }: Assembled): Served =>
    webhooks === undefined ? served : { ...served, registry: webhooks.watch(served.registry, config) };
  (await prepareWebhooks(config))();
  let served = watched(current);
  return {
    get served() {
      return served;
    },
    async prepare(config) {
      const next = await assembly.after(current, config);
      const useReceivers = await prepareWebhooks(config);
      const nextServed = watched(next);
      return {
        served: nextServed,
        commit() {
          useReceivers();
          served = nextServed;
          upkeep?.stop();
          upkeep = upkeepFor(next);
          if (next.pulls !== current.pulls) current.pulls?.flush();
          current = next;
        },
      };
    },
    ready,
    warnings,
    async upkeep(budget) {
      await purging?.run();
      await webhooks?.run(budget / 4);
      await upkeep?.run(budget);
    },
    async close() {
      upkeep?.stop();
      await purging?.stop();
      await webhooks?.stop();
      current.access?.close();
      await current.pulls?.stop();
      await close();
    },
  };
}

// Not literal: Deno would read their modules before the first line runs.
const importObserved = (): Promise<typeof import("../../storage/observed/mod.ts")> =>
  import(new URL("../../storage/observed/mod.ts", import.meta.url).href);
const importPurging = (): Promise<typeof import("../purging/mod.ts")> =>
  import(new URL("../purging/mod.ts", import.meta.url).href);
const importWebhooks = (): Promise<typeof import("../webhooks/mod.ts")> =>
  import(new URL("../webhooks/mod.ts", import.meta.url).href);

/** Storage whose calls telemetry sees, if there is any. */
async function observed(storage: ServedStorage): Promise<ServedStorage> {
  if (observer === undefined) return storage;
  const { observedObjects, observedReads, observedTable } = await importObserved();
  const { objects, table, replicas } = storage;
  return {
    ...storage,
    objects: observedObjects(objects, observer),
    table: observedTable(table, observer),
    ...(replicas && {
      replicas: { ...replicas, objects: observedReads(replicas.objects, "replica-objects", observer) },
    }),
  };
}

/** With code that a registry without a shared cache never loads. */
async function openPurgingOver(...options: Parameters<typeof openPurging>): Promise<Purging | undefined> {
  const { openPurging } = await importPurging();
  return await openPurging(...options);
}
