import { type ObjectStore, pause, type Table } from "../storage/ports.ts";
import {
  AbsentBlobs,
  beginEvents,
  beginPurges,
  bestEffort,
  type Context,
  type Epochs,
  epochsOf,
  isOver,
  type ObjectReads,
  RecentUploads,
  safeAge,
  SettledPurges,
  Turns,
} from "./protocol/mod.ts";
import type { LostContent } from "./lost_content.ts";
import { type RegistryRules, RuleParts, type State } from "./registry_rules.ts";
import { deleteBlob, getBlob, mountBlob, statBlob } from "./blobs/mod.ts";
import { BufferPool, LiveHashes } from "./streams/mod.ts";
import {
  type CandidateOptions,
  type CandidateReport,
  collect,
  collectCandidates,
  type CollectionOptions,
  type CollectOptions,
  type CollectStep,
  continueCollection,
  deleteRepository,
  recountUsage,
} from "./collection/mod.ts";
import {
  appendUpload,
  cancelUpload,
  commitUpload,
  getUpload,
  startUpload,
  sweep,
  type SweepReport,
} from "./uploads/mod.ts";
import {
  aheadReads,
  deleteManifest,
  deleteTag,
  getManifest,
  getTagHistory,
  listIndexes,
  listReferrers,
  listTags,
  putManifest,
  resolveTag,
  resolveTagWithEpoch,
} from "./manifests/mod.ts";
import type { EventOutbox } from "./events/mod.ts";
import type { Explorer } from "./explore/mod.ts";
import type { Outbox } from "./purges/mod.ts";
import type { PullTimes, RetainOptions, RetentionRule, Retirement } from "./retention/mod.ts";
import type { Registry } from "./registry.ts";
import { listRepositories } from "./repositories/mod.ts";
import type { ScrubOptions, ScrubReport } from "./scrub/mod.ts";

/** Storage and rules of a registry. Times are in milliseconds, sizes in bytes. */
export interface RegistryOptions extends RegistryRules {
  /** Store of the bytes of blobs and large manifests. */
  objects: ObjectStore;
  /** Table of all items. */
  table: Table;
  /** Source of the bytes of blobs that clients read; `objects` by default. */
  reads?: ObjectReads;
  /** Time to live of an upload after its last request; a day by default. */
  uploadExpiry?: number;
  /** Grace period; a day by default. */
  grace?: number;
  /**
   * Time that a request may continue to write after its body has arrived; a minute by default, far below the grace
   * period.
   */
  deadline?: number;
  /** True if a HEAD of a blob may renew its link. False for a read-only registry. */
  touch?: boolean;
  /**
   * Called for each blob or large manifest that was marked because its object is missing: a fault of the store, or
   * another program deletes from it. Must not throw.
   */
  lost?: (content: LostContent) => void;
  /**
   * Bytes of all parts that are being filled or on their way to the store, in the whole process; 64 MiB by default. A
   * store behind a network holds each part on its way once more.
   */
  uploadMemory?: number;
  /** Fraction of the default of `uploadMemory`, for one of several processes that share it. */
  share?: number;
  /**
   * Time within which a push that has put its manifest must put its tags, if it does not look for a concurrent delete
   * afterwards; 100 by default. The same in all processes.
   */
  promptPush?: number;
  /**
   * Time that a delete of a recent manifest waits for prompt pushes, more than `promptPush`; 400 by default. The rest
   * covers a pause that none of the pusher's clocks shows, such as that of a virtual machine that moves to another host:
   * at most 300 by QEMU's default.
   */
  deleteDelay?: number;
  /** The present in milliseconds since the epoch. */
  now?: () => number;
  /** A clock in milliseconds that is never set; `performance.now` by default. */
  steady?: () => number;
  /** Waits `milliseconds`. */
  sleep?: (milliseconds: number) => Promise<void>;
}

/** A registry over the two ports, with what its upkeep needs. */
export interface StoredRegistry {
  /** Interface for clients' requests. */
  registry: Registry;
  /** Epochs by which a cache over the registry checks its entries. */
  epochs: Epochs;
  /** Removes expired uploads. Any process may call it at any time. */
  sweep: () => Promise<SweepReport>;
  /** Removes the garbage that candidates name. Any process may call it at any time. */
  collectCandidates: (options?: CandidateOptions) => Promise<CandidateReport>;
  /** Runs a step of a full pass. The caller continues until `next` is absent. */
  collect: (options?: CollectOptions) => Promise<CollectStep>;
  /** Continues the full pass that all processes share; answers true if nothing remains for now. */
  continueCollection: (options: Omit<CollectionOptions, "finished">) => Promise<boolean>;
  /** Recounts the repositories that have a quota, as each full pass does at its end. */
  recount: () => Promise<void>;
  /** Verifies all content and reports faults; repairs them if requested. */
  scrub: (options?: ScrubOptions) => Promise<ScrubReport>;
  /**
   * Deletes tags and manifests by the retention rules while its results are read. Any process may call it at any time.
   */
  retain: (rules: RetentionRule[], options?: RetainOptions) => AsyncGenerator<Retirement>;
  /** Reads of the table for pages. */
  explore: () => Promise<Explorer>;
  /** Purges that wait; absent without `purges` in the options. */
  outbox?: () => Promise<Outbox>;
  /** Events that wait for their receivers. */
  events: () => Promise<EventOutbox>;
  /** Records pulls of tags if a rule depends on them; otherwise `undefined`. Reports failed writes to `failed`. */
  pullTimes: (rules: RetentionRule[], failed: (error: unknown) => void) => Promise<PullTimes | undefined>;
  /**
   * The same registry with other rules: it shares everything that is in memory. What has begun under the old rules ends
   * under them.
   */
  withRules: (rules: RegistryRules) => StoredRegistry;
}

// Not literal, so that Deno does not resolve what only a retention needs at every start: see open_storage.ts.
const importRetention = (): Promise<typeof import("./retention/mod.ts")> =>
  import(new URL("retention/mod.ts", import.meta.url).href);

/** Milliseconds for which a blob that a HEAD did not find counts as absent; less if items reach their safe age soon. */
const ABSENT_MS = 60_000;

/** The registry of ARCHITECTURE.md over an object store and a table. */
export function createRegistry(options: RegistryOptions): StoredRegistry {
  const { objects: { partSize }, table, share = 1 } = options;
  const { uploadMemory = 64 * 1024 * 1024 * share } = options;
  const now = options.now ?? Date.now;
  const { uploadExpiry = 24 * 60 * 60_000, grace = 24 * 60 * 60_000 } = options;
  const steady = options.steady ?? (() => performance.now());
  const state: State = {
    objects: options.objects,
    reads: options.reads ?? options.objects,
    table,
    uploadExpiry,
    grace,
    deadline: options.deadline ?? 60_000,
    touch: options.touch ?? true,
    lost: options.lost ?? (() => {}),
    buffers: new BufferPool(partSize, Math.max(2, Math.floor(uploadMemory / partSize))),
    hashes: new LiveHashes(),
    absent: new AbsentBlobs(Math.min(ABSENT_MS, safeAge({ uploadExpiry, grace }) / 2), now),
    recent: new RecentUploads(),
    wary: { until: 0 },
    asked: { count: 0 },
    turns: new Turns(),
    now,
    steady,
    promptPush: options.promptPush ?? 100,
    deleteDelay: options.deleteDelay ?? 400,
    sleep: options.sleep ?? pause,
  };
  return storedRegistry(state, new RuleParts(state, new SettledPurges(steady)), options);
}

/** The registry with this state and these rules. */
function storedRegistry(state: State, parts: RuleParts, rules: RegistryRules): StoredRegistry {
  const context: Context = { ...state, ...parts.of(rules) };
  const recount = async () => {
    const { quotas } = context;
    if (quotas !== undefined) await recountUsage(context, (repository) => quotas.covers(repository));
  };
  const { table, asked } = context;
  return {
    registry: overContext(context),
    epochs: {
      ...epochsOf(context),
      ...(table.changeCount && {
        changeCount() {
          // A request that the cache may answer with nothing else: background work gives way to it too.
          asked.count++;
          return table.changeCount!();
        },
      }),
      readWithTag: (repository, tag) => resolveTagWithEpoch(context, repository, tag),
      // A table that counts its changes is in this process.
      ...(state.table.changeCount === undefined && { ahead: aheadReads(context) }),
    },
    sweep: () => sweep(context),
    collectCandidates: (options) => collectCandidates(context, options),
    collect: (options) => collect(context, options),
    continueCollection: (options) => continueCollection(context, { ...options, finished: recount }),
    recount,
    explore: async () => (await importExplorer()).createExplorer(context),
    scrub: async (options) => await (await importScrub()).scrub(context, options),
    async *retain(rules, options) {
      const { retain } = await importRetention();
      yield* retain(context, rules, options);
    },
    ...(rules.purges && {
      outbox: async () => new (await importPurges()).Outbox(context, parts.settled),
    }),
    events: async () => new (await importEvents()).EventOutbox(context, parts.settledEvents),
    async pullTimes(rules, failed) {
      if (!rules.some(({ keepTags }) => keepTags?.some((keep) => keep.pulledWithin !== undefined))) return;
      const { openPullTimes } = await importRetention();
      return await openPullTimes(rules, { table: context.table, now: context.now, failed });
    },
    withRules: (rules) => storedRegistry(state, parts, rules),
  };
}

// Not literal, so that no server has it in its way at the start: see open_storage.ts.
const importScrub = (): Promise<typeof import("./scrub/mod.ts")> =>
  import(new URL("scrub/mod.ts", import.meta.url).href);

// Not literal: a registry whose pages are not read never loads it.
const importExplorer = (): Promise<typeof import("./explore/mod.ts")> =>
  import(new URL("explore/mod.ts", import.meta.url).href);

// Not literal: few registries have a shared cache in front of them.
const importPurges = (): Promise<typeof import("./purges/mod.ts")> =>
  import(new URL("purges/mod.ts", import.meta.url).href);

// Not literal: few registries have receivers of events.
const importEvents = (): Promise<typeof import("./events/mod.ts")> =>
  import(new URL("events/mod.ts", import.meta.url).href);

function overContext(context: Context): Registry {
  const { asked } = context;
  const bind =
    <A extends unknown[], R>(operation: (context: Context, ...rest: A) => R) => (...rest: A): R => {
      asked.count++;
      return operation(context, ...rest);
    };
  /** A change that may leave purges and intents, which are dealt with as soon as it has taken effect. */
  const change = <A extends unknown[], R>(operation: (context: Context, ...rest: A) => Promise<R>) =>
    bind(async (context: Context, ...rest: A): Promise<R> => {
      const purges = beginPurges(context);
      const events = beginEvents(purges.context);
      try {
        const result = await operation(events.context, ...rest);
        purges.settle();
        events.settle();
        return result;
      } catch (error) {
        // A write without an answer may still take effect: then the table decides, when it can no longer.
        if (isOver(error)) events.settle();
        throw error;
      }
    });
  const start = bind(startUpload);
  const commit = bind(commitUpload);
  const cancel = bind(cancelUpload);
  return {
    getManifest: bind(getManifest),
    resolveTag: bind(resolveTag),
    statBlob: bind(statBlob),
    getBlob: bind(getBlob),
    startUpload: start,
    getUpload: bind(getUpload),
    appendUpload: bind(appendUpload),
    commitUpload: commit,
    cancelUpload: cancel,
    async putBlob(repository, principal, digest, body) {
      const { id } = await start(repository, principal);
      try {
        return await commit(repository, principal, id, digest, body);
      } catch (error) {
        // The client does not know the upload, so it cannot continue it.
        await bestEffort(() => cancel(repository, principal, id));
        throw error;
      }
    },
    mountBlob: bind(mountBlob),
    putManifest: change(putManifest),
    deleteTag: change(deleteTag),
    deleteManifest: change(deleteManifest),
    deleteBlob: change(deleteBlob),
    deleteRepository: change(deleteRepository),
    listTags: bind(listTags),
    getTagHistory: bind(getTagHistory),
    listReferrers: bind(listReferrers),
    listIndexes: bind(listIndexes),
    listRepositories: bind(listRepositories),
  };
}
