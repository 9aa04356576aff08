import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/name.ts";
import type { Item, Key } from "../storage/table/table.ts";
import { AGAIN, beginWork, type Context, untilSettled, type Work } from "./context.ts";
import {
  type ManifestAttributes,
  manifestKey,
  referrerKey,
  type Stored,
  taggedPrefix,
  tagKey,
} from "./items.ts";
import { announceManifestObject, readManifest, unknownManifest } from "./manifest_store.ts";
import { prefixOf } from "./object_key.ts";

/** Tag marks of one query. */
const BATCH = 100;

/** end-9 with a digest: the manifest and every tag that points at it. Its edges stay for the collector. */
export async function deleteManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  if (await takeManifest(context, repository, digest) === undefined) throw unknownManifest(digest);
}

/** Deletes the manifest with what points at it, and answers it as it was; `undefined` where it is not there. */
export async function takeManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<Stored<ManifestAttributes> | undefined> {
  const work = beginWork(context);
  const taken = await untilSettled(work, async () => {
    const manifest = await readManifest(work, repository, digest, { consistent: true });
    if (manifest === undefined) return undefined;
    // From the outside in, so that no step leaves something that points at what is gone.
    await deleteTags(work, repository, digest);
    const { object, subject } = manifest.attributes;
    if (subject !== undefined) await deleteReferrer(work, repository, digest, subject);
    if (object !== undefined) {
      await announceManifestObject(work, repository, digest, prefixOf(object));
    }
    const deleted = await work.table.delete(manifestKey(repository, digest), { ifVersion: manifest.version });
    return deleted ? manifest : AGAIN;
  });
  // A tag may have been put since we looked. Whoever puts one later sees that the manifest is gone. Where it was gone
  // before, the delete that took it may have come no further than that, and now it is repeated.
  await deleteDangling(work, repository, digest, taken?.attributes.subject);
  return taken;
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
): Promise<void> {
  const isGone = async () => await readManifest(work, repository, digest, { consistent: true }) === undefined;
  await deleteTags(work, repository, digest, isGone);
  if (subject !== undefined) await deleteReferrer(work, repository, digest, subject, isGone);
}

/** Deletes the tags that point at the manifest, where `may` allows it; its marks name every tag that ever may have. */
async function deleteTags(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  may = always,
): Promise<void> {
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
    for (const mark of marks) {
      const tag = mark.sk.slice(prefix.length) as Tag;
      await deleteWhere(work, tagKey(repository, tag), may, (tag) => tag.attributes.digest === digest);
    }
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
): Promise<void> {
  return deleteWhere(work, referrerKey(repository, subject, digest), may, () => true);
}

/** Deletes the item, by its version, while `matches` says so of it and then `may` allows it. */
function deleteWhere(
  work: Work,
  key: Key,
  may: () => Promise<boolean>,
  matches: (item: Item) => boolean,
): Promise<void> {
  return untilSettled(work, async () => {
    const item = await work.table.get(key, { consistent: true });
    if (item === undefined || !matches(item) || !await may()) return;
    return await work.table.delete(key, { ifVersion: item.version }) ? undefined : AGAIN;
  });
}

function always(): Promise<boolean> {
  return Promise.resolve(true);
}
