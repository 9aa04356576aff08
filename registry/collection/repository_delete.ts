import { type Digest, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { indexPages, inParallel, type Item, queryPages } from "../../storage/ports.ts";
import {
  beginWork,
  changeEpoch,
  type Context,
  intentItems,
  intentsIn,
  leaveCandidates,
  leavePurges,
  mayBeUnderWay,
  noteMade,
  purgeItems,
  retryOnConflict,
  together,
  withoutPurges,
} from "../protocol/mod.ts";
import { isReferenced, removeLink } from "../blobs/mod.ts";
import { removeRepository } from "./collect_leftovers.ts";
import type { Changed } from "../change.ts";
import {
  type EdgeAttributes,
  edgeKey,
  edgePrefix,
  type LinkAttributes,
  LINKED_PREFIX,
  linkKey,
  MANIFEST_PREFIX,
  type ManifestAttributes,
  manifestKey,
  partsOf,
  referrerPrefix,
  repositoryPartition,
  type Stored,
  stored,
  TAG_PREFIX,
  type TagAttributes,
  tagOf,
} from "../items/mod.ts";
import { afterPromptPushes, deleteDangling, takeManifest, targetsOf } from "../manifests/mod.ts";
import type { RepositoryDeletion, RepositoryRemoval } from "../registry.ts";
import { readRepository } from "../repositories/mod.ts";
import { forgetUsage } from "../limits/mod.ts";

/** Items of one query; of manifests fewer, since each may have 256 KiB. */
const PAGE_ITEMS = 100;
const PAGE_MANIFESTS = 20;

/** Items that are deleted at the same time. */
const PARALLEL_DELETES = 8;

/** Maximum queries of the index for links that the query before did not show. */
const MAX_PASSES = 10;

/**
 * Deletes everything in the repository: pointers before their targets, so that every step leaves a consistent
 * repository. Each batch has its own deadline, and the next call finishes what a crash leaves. A push that is
 * acknowledged meanwhile may stay, together with everything that it references.
 *
 * @throws {RegistryError} `NAME_UNKNOWN` if the repository does not exist.
 */
export async function deleteRepository(
  context: Context,
  repository: RepositoryName,
  { dryRun = false, changed }: RepositoryDeletion = {},
): Promise<RepositoryRemoval> {
  const known = await readRepository(context, repository);
  const removal = dryRun
    ? await countAll(context, repository)
    : await removeAll(context, repository, changed);
  const { tags, manifests, blobs, kept } = removal;
  if (known === undefined && tags + manifests + blobs + kept === 0) {
    throw new RegistryError("NAME_UNKNOWN", "Repository not found", { detail: { name: repository } });
  }
  if (!dryRun) changed?.({ action: "repository.delete", repository });
  return removal;
}

async function countAll(context: Context, repository: RepositoryName): Promise<RepositoryRemoval> {
  const count = async (batches: AsyncIterable<Item[]>) => {
    let items = 0;
    for await (const { length } of batches) items += length;
    return items;
  };
  return {
    tags: await count(itemsOf(context, repository, TAG_PREFIX)),
    manifests: await count(itemsOf(context, repository, MANIFEST_PREFIX, PAGE_MANIFESTS)),
    blobs: await count(linksOf(context, repository)),
    kept: 0,
  };
}

async function removeAll(
  context: Context,
  repository: RepositoryName,
  changed: Changed | undefined,
): Promise<RepositoryRemoval> {
  const begin = beginWork(context);
  await leaveCandidates(begin, [{ kind: "repository", repository }], purgeItems(begin, { repository }));
  const inner = withoutPurges(context);
  // 1. The tags: from here on a client can find a manifest only by its digest. A tag that moves meanwhile goes with the
  //    manifest that it then points to.
  const tags = await removeTags(inner, repository, changed);
  // 2. The manifests, with the items that point to them and the links that only they need.
  const found = await removeManifests(inner, repository, changed);
  // 3. Referrer entries that an earlier, crashed delete has left.
  await removeReferrers(inner, repository);
  // 4. The blobs that no manifest needed. The index may lag behind, which the links of 2 do not depend on.
  const loose = await removeLinks(inner, repository);
  // 5. The epoch, once for the whole delete: from here on no process answers deleted content from its cache. And the
  //    purge of everything: the one before 1 may have been made by now.
  const work = beginWork(context);
  await together(changeEpoch(work, repository), leavePurges(work, purgeItems(work, { repository })));
  // 6. And only then the repository itself: until here the next call sees that the delete is incomplete.
  await retryOnConflict(work, async () => {
    const known = await readRepository(work, repository);
    return known === undefined ? "removed" : await removeRepository(work, repository, known, changed?.by);
  });
  if (context.quotas !== undefined) await forgetUsage(work, repository);
  return { tags, manifests: found.manifests, blobs: found.blobs + loose.blobs, kept: loose.kept };
}

async function removeTags(
  context: Context,
  repository: RepositoryName,
  changed: Changed | undefined,
): Promise<number> {
  let removed = 0;
  for await (const batch of itemsOf(context, repository, TAG_PREFIX)) {
    const work = beginWork(context);
    const targets = new Set(batch.map((item) => stored<TagAttributes>(item)!.attributes.digest));
    const candidates = [...targets].map((digest) => ({ kind: "tags" as const, repository, digest }));
    const intents = await intentsIn(work, repository, changed?.by);
    const leaving = batch.map((item) => ({
      item,
      intent: intents?.tagDelete(tagOf(item), stored<TagAttributes>(item)!),
    }));
    await leaveCandidates(work, candidates, intentItems(...leaving.map(({ intent }) => intent)));
    await inParallel(leaving, PARALLEL_DELETES, async ({ item, intent }) => {
      const { pk, sk, version } = item;
      if (!await work.table.delete({ pk, sk }, { ifVersion: version })) return;
      noteMade(intent);
      removed++;
      const { digest: before } = stored<TagAttributes>(item)!.attributes;
      changed?.({ action: "tag.delete", repository, tag: tagOf(item), before });
    });
  }
  return removed;
}

/**
 * Deletes an index before its children, so that no index ever lacks a child: each pass takes the manifests that no
 * index references any more.
 */
async function removeManifests(
  context: Context,
  repository: RepositoryName,
  changed: Changed | undefined,
): Promise<{ manifests: number; blobs: number }> {
  const removed = { manifests: 0, blobs: 0 };
  for (;;) {
    let [children, gone] = [0, 0];
    for await (const batch of itemsOf(context, repository, MANIFEST_PREFIX, PAGE_MANIFESTS)) {
      await afterPromptPushes(context, batch as Stored<ManifestAttributes>[]);
      await inParallel(batch, PARALLEL_DELETES, async (item) => {
        const { digest } = partsOf("manifest", item);
        if (await isNeeded(context, repository, digest, () => false)) return void children++;
        const manifest = await takeManifest(context, repository, digest, { changed, settled: item.version });
        gone++;
        if (manifest === undefined) return; // another request has deleted it
        removed.manifests++;
        const blobs = await removeReferences(context, repository, digest, manifest);
        removed.blobs += blobs;
      });
    }
    if (children === 0 || gone === 0) return removed;
  }
}

/**
 * Removes the edges of a manifest that was deleted here, and the links that no other manifest needs. Returns the number
 * of blobs that the repository has lost.
 *
 * An edge written by the same run that put the manifest protects nothing any more: that run has checked its blobs
 * already, and a retry writes its edges again. Any other edge may belong to a push that is about to put the manifest
 * again, so it protects its target.
 */
async function removeReferences(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  manifest: Stored<ManifestAttributes>,
): Promise<number> {
  let removed = 0;
  const targets = await targetsOf(context, manifest);
  for (let first = 0; first < targets.length; first += PAGE_ITEMS) {
    const batch = targets.slice(first, first + PAGE_ITEMS);
    const work = beginWork(context);
    const keys = batch.map((target) => edgeKey(repository, target, digest));
    const edges = (await work.table.getMany(keys, { consistent: true })).map(stored<EdgeAttributes>);
    await inParallel(edges, PARALLEL_DELETES, async (edge) => {
      if (edge === undefined || edge.attributes.push !== manifest.attributes.push) return;
      await work.table.delete({ pk: edge.pk, sk: edge.sk }, { ifVersion: edge.version });
    });
    await inParallel(batch, PARALLEL_DELETES, async (target) => {
      if (await isReferenced(context, repository, target, { consistent: true })) return;
      if (await unlink(context, repository, target) === "removed") removed++;
    });
  }
  return removed;
}

async function removeReferrers(context: Context, repository: RepositoryName): Promise<void> {
  for await (const batch of itemsOf(context, repository, referrerPrefix())) {
    await inParallel(batch, PARALLEL_DELETES, async (item) => {
      const { subject, manifest } = partsOf("referrer", item);
      await deleteDangling(beginWork(context), repository, manifest, subject);
    });
  }
}

async function removeLinks(
  context: Context,
  repository: RepositoryName,
): Promise<{ blobs: number; kept: number }> {
  let blobs = 0;
  for (let pass = 1;; pass++) {
    let [removed, kept] = [0, 0];
    for await (const batch of linksOf(context, repository)) {
      const digests = batch.map((link) => partsOf("link", link).digest);
      await leaveCandidates(context, digests.map((digest) => ({ kind: "blob", repository, digest })));
      await inParallel(digests, PARALLEL_DELETES, async (digest) => {
        const outcome = await unlink(context, repository, digest);
        if (outcome === "removed") removed++;
        if (outcome === "needed") kept++;
      });
    }
    blobs += removed;
    if (removed === 0 || pass === MAX_PASSES) return { blobs, kept };
  }
}

/** Removes the repository's link to the blob, unless a manifest needs it or one that is being pushed may. */
function unlink(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<"removed" | "needed" | "absent"> {
  const work = beginWork(context);
  return retryOnConflict(work, async () => {
    const link = stored<LinkAttributes>(
      await work.table.get(linkKey(digest, repository), { consistent: true }),
    );
    if (link === undefined) return "absent";
    return await removeLink(
      work,
      repository,
      digest,
      link,
      () => isNeeded(work, repository, digest, ({ at }) => mayBeUnderWay(work, at)),
    );
  });
}

/**
 * True if a manifest of the repository references the digest. An edge without a manifest counts if `mayCome` returns
 * true.
 */
async function isNeeded(
  context: Context,
  repository: RepositoryName,
  target: Digest,
  mayCome: (edge: EdgeAttributes) => boolean,
): Promise<boolean> {
  const prefix = edgePrefix(target);
  // The edges first: a push puts the manifest after them.
  for await (const batch of itemsOf(context, repository, prefix, PAGE_MANIFESTS)) {
    if (batch.some((edge) => mayCome(stored<EdgeAttributes>(edge)!.attributes))) return true;
    const keys = batch.map((edge) => manifestKey(repository, partsOf("edge", edge).manifest));
    const manifests = await context.table.getMany(keys, { consistent: true });
    if (manifests.some((manifest) => manifest !== undefined)) return true;
  }
  return false;
}

/** The items of the repository whose sort keys begin with the prefix, in batches. */
function itemsOf(
  { table }: Context,
  repository: RepositoryName,
  prefix: string,
  limit: number = PAGE_ITEMS,
): AsyncGenerator<Item[]> {
  return queryPages(table, repositoryPartition(repository), { prefix, limit, consistent: true });
}

/** The links of the repository as its index knows them, in batches. */
function linksOf({ table }: Context, repository: RepositoryName): AsyncGenerator<Item[]> {
  return indexPages(table, repositoryPartition(repository), { prefix: LINKED_PREFIX, limit: PAGE_ITEMS });
}
