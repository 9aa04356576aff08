import type { AuthConfig } from "../../auth/interface.ts";
import { cached } from "../../cache/mod.ts";
import type { Log } from "../log/mod.ts";
import type { AccessParts, OpenAccess } from "./open_access.ts";
import {
  createRegistry,
  type LostContent,
  readOnly,
  type Registry,
  type StoredRegistry,
  withDeletes,
} from "../../registry/mod.ts";
import { openStorage } from "./open_storage.ts";
import { createReadiness } from "./readiness.ts";
import type { Config } from "../../config/mod.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import type { openPurging, Purging } from "../purging/mod.ts";
import { startUpkeep } from "../upkeep/mod.ts";

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

/** A registry with all that it stands on. */
export interface OpenRegistry {
  /** With all configured restrictions, and the cache. */
  registry: Registry;
  /** Access control; absent if the registry is open to all. */
  access?: OpenAccess;
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
  const { objects, table, maxBlobSize = Infinity, probe, replicas, close } = await openStorage(config, log);
  const { auth } = config;
  const { readOnly } = config;
  const access = auth && await openAccessOver(auth, { table, log, readOnly, isShared: share < 1 });
  const stored = createRegistry({
    ...config,
    maxBlobSize: Math.min(config.maxBlobSize, maxBlobSize),
    objects,
    table,
    ...(replicas && { reads: replicas.objects }),
    touch: !config.readOnly,
    keepTags: !config.deleteTags,
    share,
    ...purgeRules(config),
    lost: ({ kind, ...facts }) => log.warn(lostContentMessage(kind), facts),
    ...(auth && { immutable: auth.immutable, quotas: auth.quotas, uploadLimits: auth.limits }),
  });
  const upkeep = runsUpkeep
    ? startUpkeep(config, { ...stored, ...(access && { sweepAccess: access.sweep }) }, log)
    : undefined;
  const purging = stored.outbox && await openPurgingOver(config, await stored.outbox(), { log, runsUpkeep });
  // A read-only process records pulls too: otherwise retention in another process would delete content that is pulled
  // only here.
  const pulls = await stored.pullTimes(
    config.retention,
    (error) => log.error("Cannot record pulls: retention may delete tags that are pulled here", error),
  );
  const restricted = restrict(stored, config, share);
  // Around the cache, which would take what a replica answers for a consistent read.
  const served = replicas?.over(restricted, share) ?? restricted;
  return {
    // What is answered from memory is a pull as well.
    registry: pulls?.observe(served) ?? served,
    ...(access && { access }),
    ready: createReadiness({
      probe,
      changed(error) {
        if (error === undefined) log.info("Ready again: the storage works");
        else log.error("Not ready: cannot use the storage; /readyz answers 503 until it works", error);
      },
    }),
    warnings: () => [...upkeep?.warnings() ?? [], ...purging?.warnings() ?? []],
    async upkeep(budget) {
      await purging?.run();
      await upkeep?.run(budget);
    },
    async close() {
      upkeep?.stop();
      await purging?.stop();
      access?.close();
      await pulls?.stop();
      await close();
    },
  };
}

// Not literal, so that no registry which is open to all has it in its way at the start: see open_storage.ts.
const importAccess = (): Promise<typeof import("./open_access.ts")> =>
  import(new URL("open_access.ts", import.meta.url).href);

/** With code that a registry which is open to all never loads. */
async function openAccessOver(auth: AuthConfig, parts: AccessParts): Promise<OpenAccess> {
  const { openAccess } = await importAccess();
  return await openAccess(auth, parts);
}

// Not literal, for the same reason.
const importPurging = (): Promise<typeof import("../purging/mod.ts")> =>
  import(new URL("../purging/mod.ts", import.meta.url).href);

/** With code that a registry without a shared cache never loads. */
async function openPurgingOver(...options: Parameters<typeof openPurging>): Promise<Purging | undefined> {
  const { openPurging } = await importPurging();
  return await openPurging(...options);
}

/** Registry with the configured restrictions and the cache. */
function restrict(stored: StoredRegistry, config: Config, share: number): Registry {
  const { deleteTags: tags, deleteManifests: manifests, deleteBlobs: blobs } = config;
  const deletable = withDeletes(stored.registry, { tags, manifests, blobs });
  const allowed = config.readOnly ? readOnly(deletable) : deletable;
  return cached(allowed, stored.epochs, { age: config.cacheAge, share });
}
