import { isDigest, type RepositoryName } from "../oci/mod.ts";
import {
  blobKey,
  EXPIRY_SHARDS,
  linkKey,
  type ManifestAttributes,
  manifestKey,
  partsOf,
  readEarlierMoves,
  REPOSITORIES,
  repositoryPartition,
  type Stored,
  stored,
  TAG_PREFIX,
  type TagAttributes,
  taggedKey,
} from "../registry/stored.ts";
import {
  type Item,
  type Key,
  type ObjectStore,
  pagesOf,
  type QueryOptions,
  scanPages,
  type Table,
} from "../storage/ports.ts";
import { retryUnavailable } from "./flow.ts";
import { type Kind, kindOf } from "./kinds.ts";
import { manifestContent } from "./manifest_content.ts";

/** Storage of a registry. */
export interface Stores {
  /** Bytes. */
  objects: ObjectStore;
  /** All else. */
  table: Table;
}

/** Items of one page: with the largest manifests some 25 MB. */
const PAGE_ITEMS = 100;

/** The step of {@linkcode snapshot} in which items of each kind come, if any. */
const COMES: Readonly<Record<Kind, "in the scan" | "later" | "never">> = {
  blob: "in the scan",
  link: "in the scan",
  manifest: "in the scan",
  edge: "in the scan",
  referrer: "in the scan",
  "tag mark": "in the scan",
  move: "in the scan",
  pull: "in the scan",
  usage: "in the scan",
  epoch: "in the scan",
  repository: "in the scan",
  candidate: "in the scan",
  "cursor key": "in the scan",
  "account token": "in the scan",
  "refresh token": "in the scan",
  other: "in the scan",
  tag: "later",
  upload: "later",
  purge: "never",
  event: "never",
  delivery: "never",
  "dead letter": "never",
  lease: "never",
  keys: "never",
  failures: "never",
  restore: "never",
};

/** References that are looked up at a time. */
const BATCH_REFERENCES = 50;

/**
 * Items of a table, consistent enough to be served although writes continue. A scan alone is not consistent: a later
 * item may point to one that did not exist when the scan passed its place. So
 *
 * 1. the scan yields everything except tags and uploads. It includes everything that existed before it began and
 *   remains;
 * 2. a manifest that was pushed after `since` (milliseconds since the epoch, before the scan) may reference items that
 *   the scan missed, so they follow it, read after it;
 * 3. tags come after all manifests. A tag that moved after `since` is followed by its target in the same way, and is
 *   read again if a delete has removed that. Its earlier moves follow it, because the scan may have missed some;
 * 4. uploads come after all blobs: an upload whose blob was yielded names that blob by then, so a sweep keeps the
 *   blob's object.
 *
 * Signing keys are left out, because a backup may be read by others; new ones are created when needed. Counts of failed
 * logins are left out because they expire within minutes. Leases and the progress of garbage collection are left out
 * because another table has other segments and starts its own pass.
 *
 * An item may be yielded more than once: the last one is the latest.
 */
export async function* snapshot(stores: Stores, since: number): AsyncGenerator<Item> {
  const { table } = stores;
  for await (const item of scanAll(table)) {
    const kind = kindOf(item);
    if (COMES[kind] !== "in the scan") continue;
    yield item;
    if (kind === "manifest") yield* references(stores, stored<ManifestAttributes>(item)!, since);
  }
  for await (const item of queryAll((options) => table.query(REPOSITORIES, options))) {
    const { repository } = partsOf("repository", item);
    const read = (options: QueryOptions) =>
      table.query(repositoryPartition(repository), { prefix: TAG_PREFIX, ...options });
    for await (const tag of queryAll(read)) yield* withTarget(stores, repository, tag, since);
  }
  for (const shard of EXPIRY_SHARDS) yield* uploadsOf(table, shard);
}

/** Every item, each page as of when it was read. */
export async function* scanAll(table: Table): AsyncGenerator<Item> {
  const patient: Pick<Table, "scan"> = { scan: (options) => retryUnavailable(() => table.scan(options)) };
  for await (const { items } of scanPages(patient, { limit: PAGE_ITEMS, consistent: true })) yield* items;
}

async function* queryAll(
  read: (options: QueryOptions & { consistent: true }) => Promise<Item[]>,
): AsyncGenerator<Item> {
  const page = (from: { after?: string }) =>
    retryUnavailable(() => read({ ...from, limit: PAGE_ITEMS, consistent: true }));
  for await (const items of pagesOf(page, ({ sk }) => sk, PAGE_ITEMS)) yield* items;
}

/**
 * Items that a manifest references, if it may be younger than the scan: links, children, then blobs, as a push reads
 * them.
 */
async function* references(
  stores: Stores,
  manifest: Stored<ManifestAttributes>,
  since: number,
  seen = new Set<string>(),
): AsyncGenerator<Item> {
  if (manifest.attributes.pushedAt < since || seen.has(manifest.sk)) return;
  seen.add(manifest.sk); // many indexes may have the same children
  const content = await manifestContent(stores.objects, manifest);
  const { repository } = partsOf("manifest", manifest);
  const targets = (content?.references ?? []).map(({ digest }) => digest).filter(isDigest);
  for (let at = 0; at < targets.length; at += BATCH_REFERENCES) {
    const some = targets.slice(at, at + BATCH_REFERENCES);
    const links = await readMany(stores.table, some.map((digest) => linkKey(digest, repository)));
    const children = await readMany(stores.table, some.map((digest) => manifestKey(repository, digest)));
    const blobs = await readMany(stores.table, some.map((digest) => blobKey(digest)));
    yield* [...links, ...blobs];
    for (const child of children) {
      yield child;
      yield* references(stores, stored<ManifestAttributes>(child)!, since, seen);
    }
  }
}

/** Tag, followed by its target if that may be younger than the scan. */
async function* withTarget(
  stores: Stores,
  repository: RepositoryName,
  tag: Item,
  since: number,
): AsyncGenerator<Item> {
  const { table } = stores;
  let current = stored<TagAttributes>(tag);
  while (current !== undefined) {
    const { digest, moves } = current.attributes;
    if ((moves[0]?.at ?? Infinity) < since) return yield current;
    const mark = taggedKey(repository, digest, partsOf("tag", current).tag);
    const found = await readMany(table, [mark, manifestKey(repository, digest)]);
    const manifest = stored<ManifestAttributes>(found.find((item) => kindOf(item) === "manifest"));
    const seen = current;
    if (manifest === undefined) {
      current = stored<TagAttributes>(await table.get(seen, { consistent: true }));
      // Unchanged: the delete that removes the manifest will remove the tag too. The restore does it then.
      if (current?.version !== seen.version) continue;
    }
    yield* found;
    yield* await retryUnavailable(() => readEarlierMoves(table, seen));
    if (manifest !== undefined) yield* references(stores, manifest, since);
    return yield seen;
  }
}

/**
 * Open uploads of a shard of the index. The index may lag, so the item of each is read again. An upload that it does not
 * list yet is seconds old, and its client starts again.
 */
async function* uploadsOf(table: Table, shard: string): AsyncGenerator<Item> {
  const page = (from: { after?: string }) =>
    retryUnavailable(() => table.queryIndex(shard, { ...from, limit: PAGE_ITEMS }));
  for await (const proposed of pagesOf(page, ({ index }) => index!.sk, PAGE_ITEMS)) {
    yield* await readMany(table, proposed);
  }
}

/** Existing items of these keys. */
export async function readMany(table: Table, keys: Key[]): Promise<Item[]> {
  const items = await retryUnavailable(() =>
    table.getMany(keys.map(({ pk, sk }) => ({ pk, sk })), { consistent: true })
  );
  return items.filter((item) => item !== undefined);
}
