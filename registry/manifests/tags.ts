import { type Digest, RegistryError, type RepositoryName, type Tag } from "../../oci/mod.ts";
import {
  beginWork,
  type Context,
  epochOf,
  intentItems,
  intentsIn,
  leaveCandidates,
  noteMade,
  planMove,
  type PlannedMove,
  purgeItems,
  type RepositoryIntents,
  RETRY,
  retryOnConflict,
  type Work,
} from "../protocol/mod.ts";
import { ifUnchanged } from "../../storage/ports.ts";
import type { Caller } from "../caller.ts";
import type { Changed } from "../change.ts";
import { immutableTag, type IsImmutable } from "../limits/mod.ts";
import {
  epochKey,
  repositoryPartition,
  type Stored,
  stored,
  TAG_PREFIX,
  type TagAttributes,
  tagFrom,
  type TagHistory,
  tagKey,
} from "../items/mod.ts";
import { pageOf, pageSize, readRepository } from "../repositories/mod.ts";
import type { Page, PageRequest, TagCondition, TagMove } from "../registry.ts";
import { leaveTargets, readMoves } from "./tag_history.ts";

/** Item of the tag, by a consistent read: every process answers an acknowledged push. */
export async function readTag(
  context: Context,
  repository: RepositoryName,
  tag: Tag,
): Promise<Stored<TagAttributes> | undefined> {
  return stored<TagAttributes>(await context.table.get(tagKey(repository, tag), { consistent: true }));
}

/**
 * Digest that a tag points to.
 *
 * @throws {RegistryError} `MANIFEST_UNKNOWN` if the tag does not exist.
 */
export async function resolveTag(context: Context, repository: RepositoryName, tag: Tag): Promise<Digest> {
  const item = await readTag(context, repository, tag);
  if (item === undefined) throw unknownTag(tag);
  return item.attributes.digest;
}

/** Like {@linkcode resolveTag}, with the repository's epoch from the same request. A batch is no snapshot. */
export async function resolveTagWithEpoch(
  context: Context,
  repository: RepositoryName,
  tag: Tag,
): Promise<{ digest: Digest; epoch: string }> {
  context.asked.count++;
  const keys = [tagKey(repository, tag), epochKey(repository)];
  const [item, epoch] = await context.table.getMany(keys, { consistent: true });
  const found = stored<TagAttributes>(item);
  if (found === undefined) throw unknownTag(tag);
  return { digest: found.attributes.digest, epoch: epochOf(epoch) };
}

/** New target of a tag. */
export interface TagTarget {
  /** Digest of the manifest. */
  digest: Digest;
  /** Media type of the manifest. */
  mediaType: string;
  /** Size of the manifest in bytes. */
  size: number;
}

/** Tag that a push sets. */
export interface TagPlace {
  /** The tag. */
  tag: Tag;
  /** Its item as it was read. */
  seen: Stored<TagAttributes> | undefined;
  /** Its move, from that item. */
  planned: PlannedMove;
  /** Makes the intents of other moves. */
  intents: RepositoryIntents | undefined;
}

/**
 * Moves a tag to `target` by the version that was read, so that its history does not fork. `mayPut` decides by the
 * current tag; the tag stays if it answers false. `seen` is the tag as it was read before {@linkcode leaveTargets}.
 */
export function putTag(
  work: Work,
  repository: RepositoryName,
  { tag, seen, planned, intents }: TagPlace,
  target: TagTarget,
  { name: principal, changed }: Caller,
  mayPut: (current: Digest | undefined) => boolean,
): Promise<void> {
  let read = () => Promise.resolve(seen);
  return retryOnConflict(work, async () => {
    const current = await read();
    read = () => readTag(work, repository, tag);
    const before = current?.attributes.digest;
    if (!mayPut(before)) return;
    // The caller has put what remains of `seen`, and the intent of its move.
    const { history, intent } = current === seen ? planned : planMove(intents, tag, current, target.digest);
    if (current !== seen) await leaveTargets(work, repository, target.digest, [current], intentItems(intent));
    const at = Math.max(work.now(), intent?.time ?? 0);
    const attributes = attributesOf(target, { at, by: principal }, current?.attributes, history);
    // A tag that already points there is written too: a concurrent delete by the old version then fails.
    const version = await work.table.put({ ...tagKey(repository, tag), attributes }, ifUnchanged(current));
    if (version === undefined) return RETRY;
    noteMade(intent);
    if (before === undefined) changed?.({ action: "tag.create", repository, tag, after: target.digest });
    else if (before !== target.digest) {
      changed?.({ action: "tag.move", repository, tag, before, after: target.digest });
    }
  });
}

/** Attributes of a tag that was `current` and is pushed now. */
function attributesOf(
  target: TagTarget,
  { at, by }: Pick<TagMove, "at" | "by">,
  current: TagAttributes | undefined,
  history: TagHistory,
): TagAttributes {
  if (current?.digest === target.digest) return { ...current, ...target, pushedAt: at };
  const { digest, mediaType } = target;
  return { ...target, pushedAt: at, moves: [{ digest, mediaType, at, by }], history };
}

/** Rights that decide whether a push may move a tag. */
export interface TagRights {
  /** True if the caller may move existing tags. */
  mayOverwrite: boolean;
  /** True for tags that no push may move; absent if no tag is immutable. */
  isImmutable: IsImmutable | undefined;
}

/**
 * Checks the right to put a tag. A new tag, and one that already points to the target, need only the right to push.
 *
 * @throws {RegistryError} `DENIED`, before the conditions of the request are evaluated (RFC 9110 §13.2.1).
 */
export function assertMayMove(
  { mayOverwrite, isImmutable }: TagRights,
  tag: Tag,
  current: Digest | undefined,
  target: Digest,
): void {
  if (current === undefined || current === target) return;
  if (isImmutable?.(tag)) throw immutableTag(tag);
  if (mayOverwrite) return;
  throw new RegistryError("DENIED", `Cannot move tag "${tag}": the action "overwrite" is required`, {
    detail: { tag },
  });
}

/**
 * RFC 9110 §13.1.1 and §13.1.2, with the digest that the tag points at as its entity tag.
 *
 * @throws {RegistryError} with status 412.
 */
export function assertTagCondition(condition: TagCondition, tag: Tag, current: Digest | undefined): void {
  const { ifMatch, ifNoneMatch } = condition;
  if (ifMatch === undefined || matches(ifMatch, current)) {
    if (ifNoneMatch === undefined || !matches(ifNoneMatch, current)) return;
  }
  throw new RegistryError(
    "DENIED",
    `Cannot move tag "${tag}": the condition of the request failed`,
    {
      status: 412,
      detail: { tag, digest: current ?? null },
    },
  );
}

function matches(digests: Digest[] | "*", current: Digest | undefined): boolean {
  if (current === undefined) return false;
  return digests === "*" || digests.includes(current);
}

/** end-9 with a tag: the manifest stays. */
export async function deleteTag(
  context: Context,
  repository: RepositoryName,
  tag: Tag,
  changed?: Changed,
): Promise<void> {
  const work = beginWork(context);
  const isImmutable = await context.immutable.in(repository);
  const intents = await intentsIn(work, repository, changed?.by);
  await retryOnConflict(work, async () => {
    const item = await readTag(work, repository, tag);
    if (item === undefined) throw unknownTag(tag);
    if (isImmutable?.(tag)) throw immutableTag(tag);
    const { digest } = item.attributes;
    const intent = intents?.tagDelete(tag, item);
    await leaveCandidates(
      work,
      [{ kind: "tags", repository, digest }],
      [...purgeItems(work, { untagged: [digest] }), ...intentItems(intent)],
    );
    const deleted = await work.table.delete(tagKey(repository, tag), { ifVersion: item.version });
    if (!deleted) return RETRY;
    noteMade(intent);
    changed?.({ action: "tag.delete", repository, tag, before: digest });
  });
}

/** end-8. */
export async function listTags(
  context: Context,
  repository: RepositoryName,
  page: PageRequest,
): Promise<Page<Tag>> {
  const limit = pageSize(page);
  const after = page.after === undefined ? {} : { after: TAG_PREFIX + page.after };
  const options = { prefix: TAG_PREFIX, ...after, limit: limit + 1, consistent: true };
  const keys = await context.table.queryKeys(repositoryPartition(repository), options);
  if (keys.length === 0) await assertRepository(context, repository);
  return pageOf(keys.map(tagFrom), limit);
}

/** The last moves of a tag, newest first. */
export async function getTagHistory(
  context: Context,
  repository: RepositoryName,
  tag: Tag,
): Promise<TagMove[]> {
  const item = await readTag(context, repository, tag);
  if (item === undefined) throw unknownTag(tag);
  return await readMoves(context.table, item);
}

/** Throws `NAME_UNKNOWN` for a repository that no manifest was ever pushed to. */
async function assertRepository(context: Context, repository: RepositoryName): Promise<void> {
  if (await readRepository(context, repository) !== undefined) return;
  throw new RegistryError("NAME_UNKNOWN", "Repository not found", { detail: { name: repository } });
}

/** Error for a tag that does not exist. */
export function unknownTag(tag: Tag): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", "Manifest not found in the repository", {
    detail: { tag },
  });
}
