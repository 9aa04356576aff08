import { type Digest, RegistryError, type RepositoryName, type Tag } from "../../oci/mod.ts";
import { type Item, type Key, queryPages } from "../../storage/ports.ts";
import {
  assertUnneeded,
  beginWork,
  bestEffort,
  changeEpoch,
  type Context,
  type Intent,
  intentItems,
  intentsIn,
  leaveCandidates,
  leaveIntents,
  noteMade,
  purgeItems,
  type RepositoryIntents,
  RETRY,
  retryOnConflict,
  type Work,
} from "../protocol/mod.ts";
import type { Changed } from "../change.ts";
import { immutableTag, type IsImmutable } from "../limits/mod.ts";
import {
  type ManifestAttributes,
  manifestKey,
  partsOf,
  prefixOf,
  referrerKey,
  repositoryPartition,
  type Stored,
  stored,
  type TagAttributes,
  taggedPrefix,
  tagKey,
} from "../items/mod.ts";
import { announceManifestObject, readManifest, unknownManifest } from "./manifest_store.ts";
import { afterPromptPushes } from "./prompt_push.ts";
import { targetsOf } from "./references.ts";

/** Tag marks of one query. */
const PAGE_TAG_MARKS = 100;

/**
 * end-9 with a digest: deletes the manifest and every tag that points to it. Its edges stay for garbage collection.
 *
 * @throws {RegistryError} `DENIED` if one of these tags must not be deleted, or an immutable tag needs the manifest.
 */
export async function deleteManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  changed?: Changed,
): Promise<void> {
  const isImmutable = await context.immutable.in(repository);
  const { keepTags } = context;
  const taken = await takeManifest(context, repository, digest, { changed, isImmutable, keepTags });
  if (taken === undefined) {
    await leaveCandidates(context, [{ kind: "manifest", repository, digest, targets: [] }]);
  }
  // Also if nothing was found: an earlier delete may have crashed after it took the manifest and before it
  // changed the epoch.
  await changeEpoch(beginWork(context), repository);
  if (taken === undefined) throw unknownManifest(digest);
  await context.quotas?.add(context, repository, -taken.attributes.size);
}

/** Options of {@linkcode takeManifest}. */
export interface TakeOptions {
  /** Called for each deletion. */
  changed: Changed | undefined;
  /** Immutable tags, which must stay with everything that they need; absent if everything may be deleted. */
  isImmutable?: IsImmutable | undefined;
  /** True if a manifest that any tag points at may not be deleted. */
  keepTags?: boolean;
  /** Version of the manifest for which the caller has waited by {@linkcode afterPromptPushes}. */
  settled?: string;
}

/**
 * Deletes the manifest with its tags and its entry among the referrers. Answers the manifest as it was; `undefined` if
 * it does not exist. The caller changes the epoch, once for all of its deletions.
 */
export async function takeManifest(
  context: Context,
  repository: RepositoryName,
  digest: Digest,
  { changed, isImmutable, keepTags = false, settled }: TakeOptions,
): Promise<Stored<ManifestAttributes> | undefined> {
  const work = beginWork(context);
  const intents = await intentsIn(work, repository, changed?.by);
  const refusal = (tag: Tag) => isImmutable?.(tag) ? immutableTag(tag) : keepTags ? keptTag(tag) : undefined;
  const taken = await retryOnConflict(work, async () => {
    const found = await readManifest(work, repository, digest, { consistent: true });
    if (found === undefined) return undefined;
    const pushed = found.version === settled ? Promise.resolve() : afterPromptPushes(work, [found]);
    // Deletes nothing if an immutable tag points to it. A tag that is put from here on gives the manifest a new
    // version.
    if (isImmutable !== undefined || keepTags) await assertNoneStays(work, repository, digest, refusal);
    const manifest = isImmutable === undefined
      ? found
      : await condemnUnneeded(work, repository, digest, found, isImmutable);
    if (manifest === RETRY) return RETRY;
    // The candidate leads garbage collection to everything that becomes unreferenced. It is written before the first
    // change, so that no crash can come between the two; and the purge with it.
    const { object, subject } = manifest.attributes;
    const targets = await targetsOf(work, manifest);
    const candidate = { kind: "manifest" as const, repository, digest, targets, subject };
    const intent = intents?.manifestDelete(digest, manifest);
    await leaveCandidates(work, [candidate], [...purgeItems(work, { digest }), ...intentItems(intent)]);
    // From the outside in, so that no step leaves a pointer without its target; and only when all pointers exist that
    // were put without a look for a delete.
    await pushed;
    await deleteTags(work, repository, digest, { changed, intents }, (tag) => {
      const refused = refusal(tag);
      if (refused !== undefined) throw refused;
      return always();
    });
    if (subject !== undefined) await deleteReferrer(work, repository, digest, subject);
    if (object !== undefined) {
      await announceManifestObject(work, repository, digest, prefixOf(object));
    }
    const deleted = await work.table.delete(manifestKey(repository, digest), { ifVersion: manifest.version });
    if (!deleted) return RETRY;
    noteMade(intent);
    changed?.({ action: "manifest.delete", repository, before: digest });
    return manifest;
  });
  // A tag may have been put since the tags were read. A push that puts one later sees that the manifest is gone. If the
  // manifest was gone before, an earlier delete may have crashed at this point, so the step is repeated.
  await deleteDangling(work, repository, digest, taken?.attributes.subject, changed);
  return taken;
}

/** Throws if a tag points at the manifest that `refusal` has an error for. */
async function assertNoneStays(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  refusal: (tag: Tag) => RegistryError | undefined,
): Promise<void> {
  for await (const marked of markedTags(work, repository, digest)) {
    const staying = marked.filter((tag) => refusal(tag) !== undefined);
    const keys = staying.map((tag) => tagKey(repository, tag));
    const items = (await work.table.getMany(keys, { consistent: true })).map(stored<TagAttributes>);
    const pointing = staying.find((_, i) => items[i]?.attributes.digest === digest);
    if (pointing !== undefined) throw refusal(pointing);
  }
}

/**
 * Condemns the manifest by its version, and only then looks for immutable tags of the manifests that reference it. A
 * push of an index writes its edges before it reads its children: it revokes the condemnation, or this check sees its
 * edges. Answers the manifest with the version of the condemnation; `RETRY` if another process has written it
 * meanwhile.
 */
async function condemnUnneeded(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  found: Stored<ManifestAttributes>,
  isImmutable: IsImmutable,
): Promise<Stored<ManifestAttributes> | typeof RETRY> {
  const attributes = { ...found.attributes, deleteBegunAt: work.now() };
  const version = await work.table.put({ ...found, attributes }, { ifVersion: found.version });
  if (version === undefined) return RETRY;
  try {
    await assertUnneeded(work, repository, digest, isImmutable);
  } catch (error) {
    await bestEffort(() => work.table.put(found, { ifVersion: version }));
    throw error;
  }
  return { ...found, version };
}

function keptTag(tag: Tag): RegistryError {
  return new RegistryError(
    "DENIED",
    `Cannot delete the manifest: tag "${tag}" points to it, and deleting tags is disabled`,
    { detail: { tag } },
  );
}

/**
 * Deletes tags and the referrer entry of a manifest that does not exist. They are read before the manifest: a push puts
 * the manifest first, so what it had written by then has its target, and what it writes later has another version.
 */
export async function deleteDangling(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  subject: string | undefined,
  changed?: Changed,
): Promise<void> {
  const isGone = async () => await readManifest(work, repository, digest, { consistent: true }) === undefined;
  const intents = await intentsIn(work, repository, changed?.by);
  await deleteTags(work, repository, digest, { changed, intents }, isGone);
  if (subject !== undefined) await deleteReferrer(work, repository, digest, subject, isGone);
}

/** Deletes the tags that point to the manifest, if `may` allows it. */
async function deleteTags(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  { changed, intents }: { changed: Changed | undefined; intents: RepositoryIntents | undefined },
  may: (tag: Tag) => Promise<boolean>,
): Promise<void> {
  for await (const marked of markedTags(work, repository, digest)) {
    for (const tag of marked) {
      const points = (item: Item) => item.attributes.digest === digest;
      let intent: Intent | undefined;
      const announce = async (item: Item) => {
        intent = intents?.tagDelete(tag, stored<TagAttributes>(item)!);
        await leaveIntents(work, intent);
      };
      const deleted = await deleteWhere(work, tagKey(repository, tag), () => may(tag), points, announce);
      if (deleted) noteMade(intent);
      if (deleted) changed?.({ action: "tag.delete", repository, tag, before: digest });
    }
  }
}

/** Tags that may point to the manifest, or may have, in batches, by its tag marks. */
async function* markedTags(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
): AsyncGenerator<Tag[]> {
  const query = { prefix: taggedPrefix(digest), limit: PAGE_TAG_MARKS, consistent: true };
  for await (const marks of queryPages(work.table, repositoryPartition(repository), query)) {
    yield marks.map((mark) => partsOf("tag mark", mark).tag);
  }
}

/** Deletes the manifest's referrer entry under its subject, if `may` allows it. */
async function deleteReferrer(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  subject: string,
  may = always,
): Promise<void> {
  const key = referrerKey(repository, subject, digest);
  if (key !== undefined) await deleteWhere(work, key, may, () => true);
}

/**
 * Deletes the item, by its version, while `matches` says so of it and then `may` allows it. Answers whether it did.
 * `announce` runs before that.
 */
function deleteWhere(
  work: Work,
  key: Key,
  may: () => Promise<boolean>,
  matches: (item: Item) => boolean,
  announce: (item: Item) => Promise<void> = async () => {},
): Promise<boolean> {
  return retryOnConflict(work, async () => {
    const item = await work.table.get(key, { consistent: true });
    if (item === undefined || !matches(item) || !await may()) return false;
    await announce(item);
    return await work.table.delete(key, { ifVersion: item.version }) || RETRY;
  });
}

function always(): Promise<boolean> {
  return Promise.resolve(true);
}
