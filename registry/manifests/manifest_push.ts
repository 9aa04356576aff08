import { createHash } from "node:crypto";
import {
  algorithmOf,
  type Digest,
  digestOf,
  type Reference,
  RegistryError,
  type RepositoryName,
  type Tag,
} from "../../oci/mod.ts";
import { type ManifestReference, type ParsedManifest, parsePushedManifest } from "../../oci/manifest.ts";
import {
  beginWork,
  bestEffort,
  type Context,
  intentItems,
  intentsIn,
  leaveCandidates,
  noteMade,
  planMove,
  RETRY,
  retryOnConflict,
  together,
  type Work,
} from "../protocol/mod.ts";
import type { Caller } from "../caller.ts";
import {
  type EdgeAttributes,
  type ManifestAttributes,
  manifestKey,
  randomId,
  type RepositoryAttributes,
  repositoryKey,
  stored,
  type TagAttributes,
  taggedKey,
  tagKey,
} from "../items/mod.ts";
import { readDescendants } from "./descendants.ts";
import { checkReferencesFirst, noteRejectedPush } from "./first_look.ts";
import { type ManifestContent, putManifestItem, readManifest, renewManifest } from "./manifest_store.ts";
import { deleteDangling } from "./manifest_delete.ts";
import { holdingRoom, holdManifest } from "../limits/mod.ts";
import { startPush } from "./prompt_push.ts";
import { edgeItems, missingReferences, readReferences, targetsIn } from "./references.ts";
import { putReferrer } from "./referrers.ts";
import type { ManifestPush, ManifestReceipt, TagCondition } from "../registry.ts";
import { keepRepository } from "../repositories/mod.ts";
import { leaveTargets } from "./tag_history.ts";
import { assertMayMove, assertTagCondition, putTag, type TagPlace, type TagRights } from "./tags.ts";

/** end-7: the manifest protocol of ARCHITECTURE.md. */
export async function putManifest(
  context: Context,
  repository: RepositoryName,
  caller: Caller,
  push: ManifestPush,
): Promise<ManifestReceipt> {
  // 1. Nothing is written for an invalid manifest, or for tags that must not be moved or whose condition fails. The
  //    check of the tags only rejects early: step 6 decides, by the version of the tag that it reads.
  const parsed = parsePushedManifest(push.bytes, push.contentType);
  const digest = identify(push);
  const tags = tagsOf(push);
  const { name: principal, changed } = caller;
  const work = beginWork(context);
  const rights = await rightsOf(context, repository, caller);
  const intents = await intentsIn(work, repository, principal);
  const assertTags = (current: [Tag, Digest | undefined][]) => {
    for (const [tag, target] of current) assertMayMove(rights, tag, target, digest);
    for (const [tag, target] of current) assertTagCondition(push.condition, tag, target);
  };
  if (isBound(rights, push.condition)) {
    const items = await work.table.getMany(tags.map((tag) => tagKey(repository, tag)), { consistent: true });
    assertTags(tags.map((tag, i) => [tag, stored<TagAttributes>(items[i])?.attributes.digest]));
  }

  const content = contentOf(digest, parsed, push);
  const placed = new Set<Tag>();
  const subject = parsed.subject?.digest;
  let hasBegun = false;
  let mayDangle = false;
  const pass = async (hold?: string) => {
    // 2. The edges come first: a collector that checks for references from here on sees them.
    hasBegun = true;
    const run = randomId();
    const attributes: EdgeAttributes = { at: work.now(), push: run };
    const pushIntent = intents?.manifestPush(parsed, digest, push.bytes.length, run);
    await work.table.putMany([
      ...edgeItems(repository, digest, parsed, attributes),
      ...tags.map((tag) => ({ ...taggedKey(repository, digest, tag), attributes })),
      ...intentItems(pushIntent),
    ]);
    // 3. Only then are the targets read. No client sees a manifest before everything that it references exists.
    const seen = await readReferences(work, repository, parsed.references, [
      manifestKey(repository, digest),
      repositoryKey(repository),
      ...tags.map((tag) => tagKey(repository, tag)),
    ]);
    assertComplete(work, seen.missing);
    // An immutable tag also needs everything below. A delete of it that began before our edges existed then finds its
    // condemnation revoked.
    const isFixed = tags.some((tag) => rights.isImmutable?.(tag));
    if (isFixed) assertComplete(work, await readDescendants(work, repository, parsed.references));
    const [current, repositoryItem, ...tagItems] = seen.others;
    const moves: TagPlace[] = tags.map((tag, i) => {
      const seen = stored<TagAttributes>(tagItems[i]);
      return { tag, seen, planned: planMove(intents, tag, seen, digest), intents };
    });
    const birth = repositoryItem === undefined ? intents?.repositoryCreate(run) : undefined;
    if (current === undefined && hold) await work.quotas?.hold(work, repository, hold, push.bytes.length);
    const isPrompt = startPush(work);
    // 4. The manifest itself, with a new version even if it exists: a concurrent delete by the old version then fails.
    //    And what remains of the tags that move, before step 6 replaces their last moves; and the intents of step 6.
    const putIt = async () => {
      const manifest = { ...content, push: run, tracesPushes: intents?.tracesPushes ?? false };
      await putManifestItem(work, repository, manifest, principal, stored<ManifestAttributes>(current));
      mayDangle = true;
      noteMade(pushIntent);
      if (current === undefined) await work.quotas?.add(work, repository, push.bytes.length, hold);
      changed?.({ action: "manifest.push", repository, ...(current && { before: digest }), after: digest });
    };
    const announced = intentItems(...moves.map(({ planned }) => planned.intent), birth);
    await together(putIt(), leaveTargets(work, repository, digest, moves.map(({ seen }) => seen), announced));
    // 5 and 6 need no order among each other. One item for each referrer, so that concurrent pushes cannot overwrite
    // each other's. The tags and the repository, now that the manifest exists.
    await together(
      putReferrer(work, repository, parsed, digest, push.bytes.length),
      keepRepository(work, repository, stored<RepositoryAttributes>(repositoryItem), { run, birth, intents }),
      ...moves.map((move) => placeTag(work, repository, move, content, caller, assertTags, placed)),
    );
    // 7. A delete of the manifest is refused if it sees a tag that must stay. One that looked before our tag existed has
    //    read the manifest before that, and must now find another version of it.
    const mustStay = isFixed || work.keepTags && tags.length > 0;
    if (mustStay) return await renewManifest(work, repository, digest) ? undefined : RETRY;
    // Any other delete looks for tags once more after it took the manifest. It sees our tags, or we see here that the
    // manifest is gone. It also waits for prompt pushes before it looks, so they need no look here.
    if (isPrompt() || tags.length === 0 && subject === undefined) return;
    return await readManifest(work, repository, digest, { consistent: true }) === undefined
      ? RETRY
      : undefined;
  };
  const reserve = (id: string) => holdManifest(work, repository, digest, { id, size: push.bytes.length });
  try {
    await holdingRoom(work, repository, reserve, async (hold) => {
      // Still 1: a manifest over its quota or with missing references leaves no edges.
      await checkReferencesFirst(work, repository, parsed.references);
      await retryOnConflict(work, () => pass(hold));
    });
  } catch (error) {
    // Garbage collection checks the edges and tag marks of this failed push.
    const candidate = { kind: "manifest" as const, repository, digest, targets: targetsIn(parsed), subject };
    if (hasBegun) {
      noteRejectedPush(context);
      await bestEffort(() => leaveCandidates(context, [candidate]));
    }
    // A delete may have removed the manifest, and something it references, while we wrote items that point to it.
    // With a deadline of its own: that of the push may have passed, and the tags would point to nothing.
    if (mayDangle) await bestEffort(() => deleteDangling(beginWork(context), repository, digest, subject));
    throw error;
  }
  return { digest, tags, ...(subject === undefined ? {} : { subject }) };
}

/** Digest of a push: the one in the path, if it is correct, otherwise SHA-256. */
function identify({ bytes, reference }: ManifestPush): Digest {
  const claimed = "digest" in reference ? reference.digest : undefined;
  const algorithm = claimed === undefined ? "sha256" : algorithmOf(claimed);
  const digest = digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex"));
  if (claimed === undefined || claimed === digest) return digest;
  throw new RegistryError("DIGEST_INVALID", "Manifest does not match the digest", {
    detail: { digest: claimed },
  });
}

/** Every tag to set, each once. */
function tagsOf({ reference, tags }: { reference: Reference; tags: Tag[] }): Tag[] {
  return [...new Set("tag" in reference ? [reference.tag, ...tags] : tags)];
}

/** Content of a push, for all of its runs. */
type ManifestTarget = Omit<ManifestContent, "push" | "tracesPushes">;

function contentOf(
  digest: Digest,
  parsed: ParsedManifest,
  { bytes }: ManifestPush,
): ManifestTarget {
  const subject = parsed.subject === undefined ? {} : { subject: parsed.subject.digest };
  return { digest, mediaType: parsed.mediaType, bytes, ...subject };
}

async function rightsOf(
  { immutable }: Context,
  repository: RepositoryName,
  caller: Caller,
): Promise<TagRights> {
  const mayOverwrite = caller.may("overwrite", repository);
  return { mayOverwrite, isImmutable: await immutable.in(repository) };
}

/** True if the current target of the tag decides whether it may be put. */
function isBound({ mayOverwrite, isImmutable }: TagRights, { ifMatch, ifNoneMatch }: TagCondition): boolean {
  return !mayOverwrite || isImmutable !== undefined || ifMatch !== undefined || ifNoneMatch !== undefined;
}

/** Throws `MANIFEST_BLOB_UNKNOWN` if a reference is missing, unless sparse manifests are allowed. */
function assertComplete(context: Context, missing: ManifestReference[]): void {
  const required = missing.filter(({ required }) => required);
  if (context.references === "strict" && required.length > 0) throw missingReferences(required);
}

/**
 * Step 6 for one tag. If the protocol runs again because of a delete, a tag that was placed before is placed again only
 * if the delete took it. A later move by another push stays.
 */
async function placeTag(
  work: Work,
  repository: RepositoryName,
  place: TagPlace,
  manifest: ManifestTarget,
  caller: Caller,
  assertTags: (current: [Tag, Digest | undefined][]) => void,
  placed: Set<Tag>,
): Promise<void> {
  const { digest, mediaType, bytes } = manifest;
  const target = { digest, mediaType, size: bytes.length };
  const { tag } = place;
  await putTag(work, repository, place, target, caller, (current) => {
    if (placed.has(tag)) return current === undefined || current === digest;
    assertTags([[tag, current]]);
    return true;
  });
  placed.add(tag);
}
