import { cached } from "../../cache/mod.ts";
import { createRegistry, type StoredRegistry } from "../../registry/mod.ts";
import { nearObjects, nearReads } from "../../registry/near/mod.ts";
import { restore, snapshot } from "../../backup/mod.ts";
import type { Choices } from "./choices.ts";
import { EVENT_RULES } from "./event_receiver.ts";
import { LIMITED } from "./quota_check.ts";
import { replicasOf } from "./replica.ts";
import type { BackupModule } from "./running_copy.ts";
import type { Scenario } from "./scenario.ts";
import { DEADLINE_MS, EXPIRY_MS, GRACE_MS, TIMES } from "./settings.ts";
import { type Caller, type Shared, SimulatedObjects, SimulatedTable } from "./stores.ts";
import { FIXED } from "./world.ts";

/** The code under test: `registry/`, `cache/` and `backup/` themselves, or copies with a mistake. */
export type RegistryModule =
  & Pick<typeof import("../../registry/mod.ts"), "createRegistry">
  & Pick<typeof import("../../cache/mod.ts"), "cached">
  & Pick<typeof import("../../registry/near/mod.ts"), "nearObjects" | "nearReads">
  & BackupModule;

/** The code itself. */
export const REAL: RegistryModule = { createRegistry, cached, nearObjects, nearReads, restore, snapshot };

/** Access of a process to the stores, and its clock. */
export interface Means {
  /** Milliseconds that its clock is ahead; may change. */
  skew: () => number;
  call: Caller;
  pause: (milliseconds: number) => Promise<void>;
}

/** Run that a process belongs to. */
export interface Run {
  scenario: Scenario;
  shared: Shared;
  choices: Choices;
  /** The present, in milliseconds since the epoch. */
  now: () => number;
}

/** Options of {@linkcode openRegistry}. */
export interface OpenOptions {
  /** Maximum bytes of blobs in memory. */
  blobBytes?: number;
  /** Tables that GET reads; absent if the process has no replicas. */
  tableReads?: "home" | "near";
}

const IMMUTABLE = [{ repositories: ["**"], tags: [FIXED], except: [] }];

/** The registry of a process. */
export function openRegistry(
  module: RegistryModule,
  { scenario, shared, choices, now: present }: Run,
  { skew, call, pause }: Means,
  { tableReads, ...cache }: OpenOptions,
): StoredRegistry {
  const now = () => present() + skew();
  const { quota } = scenario;
  const objects = new SimulatedObjects(shared, call);
  const replicas = tableReads && replicasOf(shared, call, (n) => choices.below(n));
  const reads = replicas && module.nearObjects(objects, {
    replicas: replicas.objects,
    replicationTime: 0,
    redirects: false,
    now,
  });
  const stored = module.createRegistry({
    ...TIMES,
    uploadExpiry: scenario.expiry ?? EXPIRY_MS,
    ...(quota !== undefined && { quotas: [{ repositories: LIMITED, bytes: quota }] }),
    ...(scenario.immutable && { immutable: IMMUTABLE }),
    ...(scenario.sparse && { references: "sparse" }),
    ...(scenario.purges && { purges: { digests: true, tags: true, delay: 0 } }),
    ...(scenario.events && { events: EVENT_RULES }),
    table: new SimulatedTable(shared, call),
    objects,
    ...(reads && { reads }),
    now,
    steady: present,
    sleep: pause,
  });
  const home = module.cached(stored.registry, stored.epochs, { now, count: 4, ...cache });
  if (tableReads !== "near") return { ...stored, registry: home };
  const near = { tables: replicas!.tables, objects: reads!, now, grace: GRACE_MS, deadline: DEADLINE_MS };
  return { ...stored, registry: module.nearReads(home, near) };
}
