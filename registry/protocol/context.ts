import { unavailable } from "../../oci/mod.ts";
import { type ObjectStore, repeatOnConflict, type RETRY, type Table } from "../../storage/ports.ts";
import type { BufferPool, LiveHashes } from "../streams/mod.ts";
import type { Purges } from "./purge_rules.ts";
import type { Events } from "./event_intents.ts";
import type { AbsentBlobs } from "./absent_blobs.ts";
import type { RecentUploads } from "./recent_uploads.ts";
import { skewOf } from "./clock_skew.ts";
import { FencedTable } from "./fenced_table.ts";
import type { Turns } from "./turns.ts";
import type { LostContent } from "../lost_content.ts";
import type { ImmutableTags, OpenUploads, Quotas } from "../limits/mod.ts";

/** Reads of objects for clients: at the home store, or at a replica that is nearer. */
export interface ObjectReads extends Pick<ObjectStore, "get"> {
  /**
   * URL of an object for clients; absent if there are none. The object was stored at `writtenAt`, in milliseconds since
   * the epoch, or earlier. May ask a replica if it has the object.
   */
  readonly url?: ((key: string, writtenAt: number) => Promise<string | undefined>) | undefined;
}

/** Dependencies and rules of every protocol. Times are in milliseconds; points in time since the epoch. */
export interface Context {
  /** Store of the content. */
  objects: ObjectStore;
  /** Source of the bytes of blobs for clients; protocols that write read {@linkcode Context.objects}. */
  reads: ObjectReads;
  /** Table of the items; every protocol decides on its versions. */
  table: Table;
  /** The present. */
  now: () => number;
  /** A clock that is never set, for durations. */
  steady: () => number;
  /** Time within which a push that has put its manifest puts its tags, or looks for a delete: see prompt_push.ts. */
  promptPush: number;
  /** Time that a delete of a recent manifest waits for such pushes. */
  deleteDelay: number;
  /** `strict`: a manifest's blobs and children must be there when it is pushed; `sparse`: they need not. */
  references: "strict" | "sparse";
  /** Largest blob in bytes. */
  maxBlobSize: number;
  /** Time to live of an upload after its last request. */
  uploadExpiry: number;
  /** Grace period of unreferenced content. */
  grace: number;
  /** Time that one request may continue to write to the table; far below {@linkcode grace}. */
  deadline: number;
  /** True if a HEAD of a blob may renew its link, and a read of a manifest may revoke its condemnation. */
  touch: boolean;
  /** Called for each blob or manifest that was marked because its object is missing. */
  lost: (content: LostContent) => void;
  /** Immutable tags. */
  immutable: ImmutableTags;
  /** True if no tag may be deleted, not even with its manifest. */
  keepTags: boolean;
  /** Buffers of the size of a part, shared by all uploads of the process. */
  buffers: BufferPool;
  /** Counts the open uploads of each principal; absent without limits. */
  openUploads?: OpenUploads;
  /** Storage quotas; absent without any. */
  quotas?: Quotas;
  /** Purges of a shared cache; absent if none is to be purged. */
  purges?: Purges;
  /** Intents of events; absent if no receiver asks for any. */
  events?: Events;
  /** Hashes of the uploads that this process handled last. */
  hashes: LiveHashes;
  /** Blobs that a HEAD has just not found. */
  absent: AbsentBlobs;
  /** Uploads that this process has written last. */
  recent: RecentUploads;
  /** End of the time in which every manifest is checked before its edges are written: see first_look.ts. */
  wary: { until: number };
  /** Number of requests that this process has received. Background work gives way to them. */
  asked: { count: number };
  /** Turns of the calls of all background work over a network. */
  turns: Turns;
  /** Pauses; for the moments in which another request is about to finish. */
  sleep: (milliseconds: number) => Promise<void>;
}

/** A context for one run of a protocol, which may write until `until` (milliseconds since the epoch). */
export type Work = Context & { until: number };

/**
 * Context for one run of a protocol: its table rejects writes after the deadline. So a writer that stalled for longer
 * cannot act on content that a collector has meanwhile removed.
 */
export function beginWork(context: Context): Work {
  const until = context.now() + context.deadline;
  return {
    ...context,
    until,
    table: new FencedTable(FencedTable.unfenced(context.table), context.now, until),
  };
}

/** Runs `step` until it answers something else than {@linkcode RETRY}, or the deadline of the work has passed. */
export async function retryOnConflict<T>(
  work: Work,
  step: () => Promise<T | typeof RETRY>,
): Promise<T> {
  return await repeatOnConflict(step, tooManyChanges, {
    attempts: Infinity,
    isOver: () => work.now() >= work.until,
    sleep: work.sleep,
  });
}

function tooManyChanges(): never {
  throw unavailable("Cannot finish in time: too many concurrent changes");
}

/**
 * True if a request that was running at `since`, by the clock of its process, may still write. Twice the deadline: its
 * last write may take as long as everything before it.
 */
export function mayBeUnderWay(
  context: Pick<Context, "now" | "grace" | "deadline">,
  since: number,
): boolean {
  return since + 2 * context.deadline + skewOf(context) >= context.now();
}

/**
 * True if content that was last used at `since` is older than the grace period, so it may be collected if unreferenced.
 */
export function isOld(context: Pick<Context, "now" | "grace">, since: number): boolean {
  return since + context.grace < context.now();
}
