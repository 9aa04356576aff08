import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { UNRESTRICTED_CALLER } from "../../registry/mod.ts";
import { digest as digestOfBytes } from "../harness/stores.ts";
import { historyOf, manifestKey, type Stored, type TagAttributes } from "../../registry/stored.ts";
import { MAX_LAG_MS } from "./history.ts";
import type { Ledger, Operation, WishOf } from "./ledger.ts";
import { itemsOf, MAX_ENTRIES, type Quiet } from "./quiet.ts";
import { GRACE_MS, PULLED_TAG, PULLED_WITHIN_MS, SKEW_MS, UNTAGGED_MS } from "./settings.ts";
import { must } from "./violation.ts";
import { FIXED, type ManifestPlan, MANIFESTS, REPOSITORIES } from "./world.ts";

/** The manifest of this digest, which must be one of those that are pushed. */
function planOf(digest: Digest): ManifestPlan {
  const plan = MANIFESTS.find((manifest) => manifest.digest === digest);
  must(plan !== undefined, `A manifest exists that was never pushed: ${digest}`);
  return plan;
}

/** Result of an operation, or `undefined` if the content does not exist. */
async function unlessUnknown<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined;
    throw error;
  }
}

async function hasBlob(quiet: Quiet, repository: RepositoryName, digest: Digest): Promise<boolean> {
  const reader = await unlessUnknown(quiet.registry.getBlob(repository, digest));
  if (reader === undefined) return false;
  const stream = await unlessUnknown(reader.open());
  if (stream === undefined) return false;
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  must(digestOfBytes(bytes) === digest, `A blob is not what its digest says: ${digest}`);
  return true;
}

/** All acknowledged content exists, unless a client has asked for its deletion since. */
export async function checkAcknowledged(quiet: Quiet): Promise<void> {
  for (const push of quiet.ledger.of("manifest").filter(({ done }) => done)) await checkManifest(quiet, push);
  for (const push of quiet.ledger.of("blob").filter(({ done }) => done)) await checkBlob(quiet, push);
  await checkImmutable(quiet);
  for (const push of quiet.ledger.of("manifest")) {
    if (push.refused === "MANIFEST_BLOB_UNKNOWN") checkRefused(quiet, push);
    must(!quiet.sparse || push.refused !== "MANIFEST_BLOB_UNKNOWN", "A sparse manifest was refused");
  }
  for (const deletion of quiet.ledger.of("delete manifest").filter(({ done }) => done)) {
    await checkDeleted(quiet, deletion);
  }
  for (const deletion of quiet.ledger.of("delete tag").filter(({ done }) => done)) {
    const { repository, tag } = deletion.wish;
    const sets = quiet.ledger.notBefore("manifest", deletion).filter(({ wish }) =>
      wish.repository === repository
    );
    if (sets.some(({ wish }) => wish.tags.includes(tag))) continue;
    must(await tagTarget(quiet, repository, tag) === undefined, `Tag "${tag}" was deleted and is there`);
  }
}

/** All content below an immutable tag exists, after any deletes of clients. */
async function checkImmutable(quiet: Quiet): Promise<void> {
  if (!quiet.immutable) return;
  for (const push of quiet.ledger.of("manifest")) {
    const { repository, digest, tags } = push.wish;
    if (!push.done || !tags.includes(FIXED as Tag)) continue;
    // The deletion of a repository deletes its immutable tags as well.
    const isDeleted = quiet.ledger.notBefore("delete manifest", push)
      .some(({ wish }) => wish.withAll && wish.repository === repository);
    if (isDeleted) continue;
    must(await tagTarget(quiet, repository, FIXED as Tag) === digest, `Immutable tag of ${repository} moved`);
    if (!quiet.sparse) await checkWhole(quiet, repository, planOf(digest));
  }
}

async function checkWhole(quiet: Quiet, repository: RepositoryName, plan: ManifestPlan): Promise<void> {
  const manifest = await unlessUnknown(quiet.registry.getManifest(repository, { digest: plan.digest }));
  must(manifest !== undefined, `An immutable tag of ${repository} needs ${plan.name}, which is gone`);
  for (const { digest, name } of plan.blobs) {
    const isThere = await hasBlob(quiet, repository, digest);
    must(isThere, `An immutable tag of ${repository} needs ${name} of ${plan.name}, which is gone`);
  }
  for (const child of plan.children) await checkWhole(quiet, repository, child);
}

async function checkManifest(quiet: Quiet, push: Operation<WishOf<"manifest">>): Promise<void> {
  const { ledger, registry } = quiet;
  const { repository, digest, tags } = push.wish;
  const plan = planOf(digest);
  const isHere = (
    { wish }: Operation<
      { kind: "delete manifest" | "delete blob"; repository: RepositoryName; digest: Digest }
    >,
  ) => wish.repository === repository && wish.digest === digest;
  const mayBeRetired = push.asked + UNTAGGED_MS < quiet.now && !await isNeeded(quiet, repository, digest);
  if (!mayBeRetired && !ledger.notBefore("delete manifest", push).some(isHere)) {
    const manifest = await unlessUnknown(registry.getManifest(repository, { digest }));
    must(manifest !== undefined, `${plan.name} was acknowledged in ${repository} and is gone`);
    must(digestOfBytes(manifest.bytes) === digest, `${plan.name} has other bytes`);
    const { items } = await registry.listRepositories({}, UNRESTRICTED_CALLER);
    must(items.includes(repository), `${repository} has a manifest and is not known`);
    if (plan.subject !== undefined) await checkReferrer(quiet, repository, plan);
  }
  for (const tag of tags) await checkTag(quiet, push, tag);
}

/** True if a tag points at the manifest, or another manifest needs it; one that has a subject goes with it. */
async function isNeeded({ table }: Quiet, repository: RepositoryName, digest: Digest): Promise<boolean> {
  const items = await table.query(`repo#${repository}`, { limit: MAX_ENTRIES, consistent: true });
  const manifests = new Set(items.map(({ sk }) => sk).filter((sk) => sk.startsWith("manifest#")));
  const edge = `edge#${digest}#`;
  return items.some(({ sk, attributes }) =>
    (sk.startsWith("tag#") && attributes.digest === digest) ||
    (sk.startsWith(edge) && manifests.has(`manifest#${sk.slice(edge.length)}`))
  );
}

async function checkReferrer(
  { registry }: Quiet,
  repository: RepositoryName,
  plan: ManifestPlan,
): Promise<void> {
  const { items } = await registry.listReferrers(repository, plan.subject!, { artifactTypes: [] });
  must(items.some(({ digest }) => digest === plan.digest), `${plan.name} is not among the referrers`);
}

/** The tag points at the target of this push, or of another push that may have come later. */
async function checkTag(quiet: Quiet, push: Operation<WishOf<"manifest">>, tag: Tag): Promise<void> {
  const { ledger } = quiet;
  const { repository, digest } = push.wish;
  const others = ledger.notBefore("manifest", push)
    .filter(({ wish }) => wish.repository === repository && wish.tags.includes(tag));
  const possible = new Set<Digest>([digest, ...others.map(({ wish }) => wish.digest)]);
  const target = await tagTarget(quiet, repository, tag);
  if (target !== undefined) {
    must(possible.has(target), `Tag "${tag}" of ${repository} was moved back to ${planOf(target).name}`);
    const deletions = [ledger.of("delete manifest"), ledger.of("delete tag"), ledger.of("retain")];
    if (deletions.some(({ length }) => length > 0)) return;
    const moves = await quiet.registry.getTagHistory(repository, tag);
    must(
      moves.some((move) => move.digest === digest),
      `The history of tag "${tag}" lacks ${planOf(digest).name}`,
    );
    return;
  }
  for (const { wish } of ledger.notBefore("delete tag", push)) {
    if (wish.repository === repository && wish.tag === tag) return;
  }
  if (tag === PULLED_TAG && ledger.of("retain").some((run) => mayRetire(ledger, run, repository))) return;
  for (const { wish, done } of ledger.notBefore("delete manifest", push)) {
    if (wish.repository !== repository || !possible.has(wish.digest)) continue;
    if (!done) return; // it may have stopped after the tags
    // Tags are deleted with their manifest, and return only with it.
    const manifest = await unlessUnknown(quiet.registry.getManifest(repository, { digest: wish.digest }));
    const pushes = ledger.notBefore("manifest", push).filter((other) => other !== push);
    if (manifest === undefined || pushes.some((other) => other.wish.digest === wish.digest)) return;
  }
  must(false, `Tag "${tag}" of ${repository} was acknowledged and is gone`);
}

/** True if no pull or push that was acknowledged before the run of retention keeps its tag. */
function mayRetire(ledger: Ledger, run: Operation<WishOf<"retain">>, repository: RepositoryName): boolean {
  const uses = [
    ...ledger.of("pull").filter(({ wish }) => wish.tag === PULLED_TAG),
    ...ledger.of("manifest").filter(({ wish }) => wish.tags.includes(PULLED_TAG as Tag)),
  ];
  return !uses.some(({ wish, done, end, asked }) =>
    done && wish.repository === repository && end < run.start &&
    asked + PULLED_WITHIN_MS - SKEW_MS >= run.time
  );
}

async function tagTarget(
  { registry }: Quiet,
  repository: RepositoryName,
  tag: Tag,
): Promise<Digest | undefined> {
  return await unlessUnknown(registry.resolveTag(repository, tag));
}

/**
 * An unreferenced blob is kept only for the grace period, less the difference of clocks; and its answer may have been
 * delayed.
 */
async function checkBlob(quiet: Quiet, push: Operation<WishOf<"blob">>): Promise<void> {
  const { repository, digest } = push.wish;
  if (push.asked + GRACE_MS / 2 < quiet.now || mayBeDeleted(quiet.ledger, push)) return;
  must(
    await hasBlob(quiet, repository, digest),
    `Blob ${digest} was acknowledged in ${repository} and is gone`,
  );
}

/** True if a client has asked for the deletion of a blob since; a HEAD may see a state slightly older than itself. */
function mayBeDeleted(ledger: Ledger, push: Operation<WishOf<"blob">>): boolean {
  const { repository, digest } = push.wish;
  return ledger.of("delete blob").some(({ wish, end, time }) =>
    wish.repository === repository && wish.digest === digest &&
    (end > push.start || time + MAX_LAG_MS > push.asked)
  );
}

/** A client that was told that content exists is not told shortly after that it is missing. */
function checkRefused(quiet: Quiet, push: Operation<WishOf<"manifest">>): void {
  const { ledger } = quiet;
  const { repository, digest } = push.wish;
  const plan = planOf(digest);
  const isKnown = (blob: Digest) =>
    ledger.of("blob").some((operation) =>
      operation.done && operation.end < push.start && operation.asked + GRACE_MS / 2 > push.time &&
      operation.wish.repository === repository && operation.wish.digest === blob &&
      !mayBeDeleted(ledger, operation)
    );
  const hasChild = (child: Digest) =>
    ledger.of("manifest").some((operation) =>
      operation.done && operation.end < push.start && operation.asked + UNTAGGED_MS > push.time &&
      operation.wish.repository === repository && operation.wish.digest === child &&
      ledger.notBefore("delete manifest", operation).every(({ wish }) => wish.digest !== child)
    );
  // A push of an immutable tag needs the content below its children, too.
  const isDeep = quiet.immutable && push.wish.tags.includes(FIXED as Tag);
  const hasAll = ({ blobs, children }: ManifestPlan): boolean =>
    blobs.every((blob) => isKnown(blob.digest)) &&
    children.every((child) => hasChild(child.digest) && (!isDeep || hasAll(child)));
  must(
    !hasAll(plan),
    `${plan.name} was refused in ${repository}, and all that it references had been acknowledged`,
  );
}

async function checkDeleted(quiet: Quiet, deletion: Operation<WishOf<"delete manifest">>): Promise<void> {
  const { repository, digest, withAll = false } = deletion.wish;
  // The deletion of a repository keeps content that a concurrent push needs, such as the child of an index.
  const again = quiet.ledger.notBefore("manifest", deletion)
    .some(({ wish }) => wish.repository === repository && (withAll || wish.digest === digest));
  if (again) return;
  const manifest = await unlessUnknown(quiet.registry.getManifest(repository, { digest }));
  must(manifest === undefined, `${planOf(digest).name} was deleted and is there`);
}

/** Invariants at any time when no request is in progress. */
export async function checkStructure(quiet: Quiet): Promise<void> {
  const { table, objects, ledger, registry, lost } = quiet;
  const items = await itemsOf(table);
  for (const { pk, sk, attributes } of items) {
    const object = attributes.object;
    if (typeof object !== "string" || sk === "upload" || attributes.state === "deleting") continue;
    if (attributes.missing === true || lost.has(object)) continue;
    must(await objects.size(object) !== undefined, `The object of ${pk} ${sk} is missing`);
  }
  for (const item of items) {
    const { pk, sk } = item;
    const repository = pk.slice("repo#".length) as RepositoryName;
    const [kind, name] = sk.split("#") as [string, string];
    if (kind === "tag") {
      await checkHistory(quiet, repository, name as Tag, item as Stored<TagAttributes>);
      const target = await tagTarget(quiet, repository, name as Tag);
      if (mayDangle(ledger, repository, name as Tag, target!)) continue;
      const { object } = items.find((item) =>
        item.pk === pk && item.sk === `manifest#${target}`
      )?.attributes ?? {};
      if (lost.has(object as string)) continue;
      const manifest = await unlessUnknown(registry.getManifest(repository, { digest: target! }));
      must(manifest !== undefined, `Tag "${name}" of ${repository} points at nothing`);
    }
    if (kind === "manifest" && !quiet.sparse) {
      await checkReferences(quiet, repository, planOf(name as Digest));
    }
  }
}

/** The history of a tag has every move since its creation, and none to the manifest where the tag was. */
async function checkHistory(
  { registry }: Quiet,
  repository: RepositoryName,
  tag: Tag,
  { attributes }: Stored<TagAttributes>,
): Promise<void> {
  const moves = (await registry.getTagHistory(repository, tag)).map(({ digest }) => planOf(digest).name);
  const { last } = historyOf(attributes);
  must(moves.length === last, `The history of tag "${tag}" has ${moves} after ${last} moves`);
  const isMove = moves.every((name, i) => name !== moves[i + 1]);
  must(isMove, `The history of tag "${tag}" has a move that changed nothing: ${moves}`);
}

/**
 * True if a push of the tag died or failed between its write of the tag and its last read: a concurrent delete then
 * leaves the tag.
 */
function mayDangle(ledger: Ledger, repository: RepositoryName, tag: Tag, target: Digest): boolean {
  return ledger.of("manifest").some(({ wish, end, failures }) =>
    (end === Infinity || failures > 0) && wish.repository === repository && wish.digest === target &&
    wish.tags.includes(tag)
  );
}

/** An existing manifest has all its references, unless a client asked for their deletion. */
async function checkReferences(quiet: Quiet, repository: RepositoryName, plan: ManifestPlan): Promise<void> {
  const { ledger, registry } = quiet;
  for (const { digest, name } of plan.blobs) {
    const deleted = ledger.of("delete blob").some(({ wish }) =>
      wish.repository === repository && wish.digest === digest
    );
    if (deleted) continue;
    must(await hasBlob(quiet, repository, digest), `${plan.name} in ${repository} lacks ${name}`);
  }
  for (const { digest, name } of plan.children) {
    const deleted = ledger.of("delete manifest").some(({ wish }) =>
      wish.repository === repository && wish.digest === digest
    );
    if (deleted) continue;
    const child = await unlessUnknown(registry.getManifest(repository, { digest }));
    must(child !== undefined, `${plan.name} in ${repository} lacks ${name}`);
  }
}

/** Every answer from a cache at the end equals the table. */
export async function checkForgotten({ registry, table }: Quiet): Promise<void> {
  for (const repository of REPOSITORIES) {
    for (const { digest, name } of MANIFESTS) {
      if (await unlessUnknown(registry.getManifest(repository, { digest })) === undefined) continue;
      const item = await table.get(manifestKey(repository, digest));
      must(item !== undefined, `${name} is remembered in ${repository}, and it is gone`);
    }
  }
}
