import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/name.ts";
import type { Item, Key } from "../storage/table/table.ts";
import type { Changed } from "./change.ts";
import { AGAIN, beginWork, type Context, untilSettled, type Work } from "./context.ts";
import { immutableTag, type IsImmutable } from "./immutable_tags.ts";
import {
  type ManifestAttributes,
  manifestKey,
  referrerKey,
  type Stored,
  stored,
  type TagAttributes,
  taggedPrefix,
  tagKey,
} from "./items.ts";
import { announceManifestObject, readManifest, unknownManifest } from "./manifest_store.ts";
import { prefixOf } from "./object_key.ts";

/** Tag marks of one query. */
const BATCH = 100;

/**
 * end-9 with a digest: the manifest and every tag that points at it. Its edges stay for the collector.
 *
 * @throws {RegistryError} `DENIED` where one of these tags is immutable.
 */
export async function deleteManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  changed?: Changed,
): Promise<void> {
  const isImmutable = await context.immutable.in(repository);
  const taken = await takeManifest(context, repository, digest, { changed, isImmutable });
  if (taken === undefined) throw unknownManifest(digest);
  await context.quotas?.add(context, repository, -taken.attributes.size);
}

/** How {@linkcode takeManifest} goes about it. */
export interface TakeOptions {
  /** Told of all that is deleted. */
  changed: Changed | undefined;
  /** Tags that must not be deleted, nor a manifest that they point at; absent where all may. */
  isImmutable?: IsImmutable | undefined;
}

/** Deletes the manifest with what points at it, and answers it as it was; `undefined` where it is not there. */
export async function takeManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  { changed, isImmutable }: TakeOptions,
): Promise<Stored<ManifestAttributes> | undefined> {
  const work = beginWork(context);
  const taken = await untilSettled(work, async () => {
    const manifest = await readManifest(work, repository, digest, { consistent: true });
    if (manifest === undefined) return undefined;
    // Nothing is deleted where an immutable tag points at it. One that is put from here on renews the manifest.
    if (isImmutable !== undefined) await assertNoneFixed(work, repository, digest, isImmutable);
    // From the outside in, so that no step leaves something that points at what is gone.
    await deleteTags(work, repository, digest, changed, (tag) => {
      if (isImmutable?.(tag)) throw immutableTag(tag);
      return always();
    });
    const { object, subject } = manifest.attributes;
    if (subject !== undefined) await deleteReferrer(work, repository, digest, subject);
    if (object !== undefined) {
      await announceManifestObject(work, repository, digest, prefixOf(object));
    }
    const deleted = await work.table.delete(manifestKey(repository, digest), { ifVersion: manifest.version });
    if (!deleted) return AGAIN;
    changed?.({ action: "manifest.delete", repository, before: digest });
    return manifest;
  });
  // A tag may have been put since we looked. Whoever puts one later sees that the manifest is gone. Where it was gone
  // before, the delete that took it may have come no further than that, and now it is repeated.
  await deleteDangling(work, repository, digest, taken?.attributes.subject, changed);
  return taken;
}

/** Throws where an immutable tag points at the manifest. */
async function assertNoneFixed(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  isImmutable: IsImmutable,
): Promise<void> {
  for await (const marked of markedTags(work, repository, digest)) {
    const fixed = marked.filter(isImmutable);
    const keys = fixed.map((tag) => tagKey(repository, tag));
    const items = (await work.table.getMany(keys, { consistent: true })).map(stored<TagAttributes>);
    const pointing = fixed.find((_, i) => items[i]?.attributes.digest === digest);
    if (pointing !== undefined) throw immutableTag(pointing);
  }
}

/**
 * Deletes tags and the place among the referrers of a manifest that is not there. What points at it is read before the
 * manifest is: a push puts the manifest first, so what it has placed by then is not deleted, and what it places later
 * has another version.
 */
export async function deleteDangling(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  subject: string | undefined,
  changed?: Changed,
): Promise<void> {
  const isGone = async () => await readManifest(work, repository, digest, { consistent: true }) === undefined;
  await deleteTags(work, repository, digest, changed, isGone);
  if (subject !== undefined) await deleteReferrer(work, repository, digest, subject, isGone);
}

/** Deletes the tags that point at the manifest, where `may` allows it. */
async function deleteTags(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  changed: Changed | undefined,
  may: (tag: Tag) => Promise<boolean>,
): Promise<void> {
  for await (const marked of markedTags(work, repository, digest)) {
    for (const tag of marked) {
      const points = (item: Item) => item.attributes.digest === digest;
      const deleted = await deleteWhere(work, tagKey(repository, tag), () => may(tag), points);
      if (deleted) changed?.({ action: "tag.delete", repository, tag, before: digest });
    }
  }
}

/** Every tag that ever may have pointed at the manifest, in batches: its marks name them. */
async function* markedTags(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
): AsyncGenerator<Tag[]> {
  const prefix = taggedPrefix(digest);
  let after: string | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const marks = await work.table.query(`repo#${repository}`, {
      prefix,
      ...from,
      limit: BATCH,
      consistent: true,
    });
    yield marks.map(({ sk }) => sk.slice(prefix.length) as Tag);
    if (marks.length < BATCH) return;
    after = marks.at(-1)?.sk;
  }
}

/** Deletes the manifest's place among the referrers of its subject, where `may` allows it. */
function deleteReferrer(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  subject: string,
  may = always,
): Promise<boolean> {
  return deleteWhere(work, referrerKey(repository, subject, digest), may, () => true);
}

/** Deletes the item, by its version, while `matches` says so of it and then `may` allows it. Answers whether it did. */
function deleteWhere(
  work: Work,
  key: Key,
  may: () => Promise<boolean>,
  matches: (item: Item) => boolean,
): Promise<boolean> {
  return untilSettled(work, async () => {
    const item = await work.table.get(key, { consistent: true });
    if (item === undefined || !matches(item) || !await may()) return false;
    return await work.table.delete(key, { ifVersion: item.version }) || AGAIN;
  });
}

function always(): Promise<boolean> {
  return Promise.resolve(true);
}
