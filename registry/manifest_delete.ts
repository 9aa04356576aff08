import type { Digest } from "../oci/digest.ts";
import type { RepositoryName, Tag } from "../oci/name.ts";
import { AGAIN, beginWork, type Context, untilSettled, type Work } from "./context.ts";
import { type ManifestAttributes, manifestKey, referrerKey, taggedPrefix, tagKey } from "./items.ts";
import { announceManifestObject, readManifest, unknownManifest } from "./manifest_store.ts";
import { readTag } from "./tags.ts";

/** Tag marks of one query. */
const BATCH = 100;

/** end-9 with a digest: the manifest and every tag that points at it. Its edges stay for the collector. */
export async function deleteManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const work = beginWork(context);
  await untilSettled(work, async () => {
    const manifest = await readManifest(work, repository, digest, { consistent: true });
    if (manifest === undefined) throw unknownManifest(digest);
    // From the outside in, so that no step leaves something that points at what is gone.
    await deleteTags(work, repository, digest);
    await deleteReferrer(work, repository, digest, manifest.attributes);
    const { object } = manifest.attributes;
    if (object !== undefined) {
      const prefix = object.slice(0, object.lastIndexOf("/") + 1);
      await announceManifestObject(work, repository, digest, prefix);
    }
    const deleted = await work.table.delete(manifestKey(repository, digest), { ifVersion: manifest.version });
    return deleted ? undefined : AGAIN;
  });
  // A tag may have been put since we looked. Whoever puts one later sees that the manifest is gone.
  await deleteTags(work, repository, digest);
}

/** Deletes the tags that point at the manifest; its marks name every tag that ever may have. */
async function deleteTags(work: Work, repository: RepositoryName, digest: Digest): Promise<void> {
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
      await deleteTagOf(work, repository, digest, mark.sk.slice(prefix.length) as Tag);
    }
    if (marks.length < BATCH) return;
    after = marks.at(-1)?.sk;
  }
}

/** Deletes the tag while it points at `digest`. */
function deleteTagOf(work: Work, repository: RepositoryName, digest: Digest, tag: Tag): Promise<void> {
  return untilSettled(work, async () => {
    const item = await readTag(work, repository, tag);
    if (item?.attributes.digest !== digest) return;
    const deleted = await work.table.delete(tagKey(repository, tag), { ifVersion: item.version });
    return deleted ? undefined : AGAIN;
  });
}

/** Deletes the manifest's place among the referrers of its subject. */
function deleteReferrer(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  { subject }: ManifestAttributes,
): Promise<void> {
  return untilSettled(work, async () => {
    if (subject === undefined) return;
    const key = referrerKey(repository, subject, digest);
    const referrer = await work.table.get(key, { consistent: true });
    if (referrer === undefined) return;
    const deleted = await work.table.delete(key, { ifVersion: referrer.version });
    return deleted ? undefined : AGAIN;
  });
}
