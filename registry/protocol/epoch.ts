import { ifUnchanged, type Item, queryPages } from "../../storage/ports.ts";
import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { beginWork, type Context, type Work } from "./context.ts";
import type { AheadReads } from "./ahead_reads.ts";
import { blobPartition, epochKey, LINK_PREFIX, partsOf } from "../items/mod.ts";

/**
 * Epoch of a repository: a token that changes after a deletion took effect and before it is acknowledged. A process may
 * answer from its cache what it read in the current epoch.
 */
export interface Epochs {
  /** Reads the repository's epoch, consistently. */
  read: (repository: RepositoryName) => Promise<string>;
  /** Reads the target of a tag and the repository's epoch, consistently, in one request. Throws like `resolveTag`. */
  readWithTag: (repository: RepositoryName, tag: Tag) => Promise<{ digest: Digest; epoch: string }>;
  /** Number that changes with every write to the table, if the table has one without a read of an item. */
  changeCount?: () => Promise<number>;
  /** Reads ahead of the requests; absent if reads of the table are local, and so cost about as much one by one. */
  ahead?: AheadReads;
  /** Maximum milliseconds in a cache, even if the epoch does not change. */
  mostAge: number;
}

/** The epoch of a repository in which nothing was deleted for the grace period. */
const NO_EPOCH = "";

/**
 * Maximum milliseconds for which a process may cache what it has read in an unchanged epoch. A delete that crashed
 * before it changed the epoch stays unnoticed no longer than that.
 */
const MAX_AGE_MS = 60 * 60_000;

/** Version of an item that {@linkcode epochKey} names, as an epoch. */
export function epochOf(item: Item | undefined): string {
  return item?.version ?? NO_EPOCH;
}

/** The epochs of all repositories of a table. */
export function epochsOf(
  context: Pick<Context, "table" | "grace">,
): Omit<Epochs, "readWithTag" | "changeCount" | "ahead"> {
  const { table, grace } = context;
  return {
    read: async (repository) => epochOf(await table.get(epochKey(repository), { consistent: true })),
    // A cached "no epoch" expires long before a collector deletes an epoch, which is one grace period old by then. And
    // retention may have condemned a manifest that a HEAD finds in the cache, which leaves it for the grace period.
    mostAge: Math.min(MAX_AGE_MS, grace / 8),
  };
}

/** Changes the repository's epoch. Called after something in it was deleted, and before that is acknowledged. */
export async function changeEpoch(work: Work, repository: RepositoryName): Promise<void> {
  const key = epochKey(repository);
  const current = await work.table.get(key, { consistent: true });
  // By version, so that a write that a driver delivers twice does not bring an old epoch back. A lost condition is no
  // reason to try again: the epoch has changed since our read, and so since the deletion.
  await work.table.put({ ...key, attributes: { at: work.now() } }, ifUnchanged(current));
}

/** Links of one query. */
const PAGE_LINKS = 100;

/** Changes the epoch of every repository that has the blob: for upkeep, since those of popular content are in thousands. */
export async function changeEpochsOf(context: Context, digest: Digest): Promise<void> {
  const query = { prefix: LINK_PREFIX, limit: PAGE_LINKS, consistent: true };
  for await (const links of queryPages(context.table, blobPartition(digest), query)) {
    for (const link of links) {
      await changeEpoch(beginWork(context), partsOf("link", link).repository);
    }
  }
}
