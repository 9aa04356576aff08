import type { RepositoryName } from "../../oci/mod.ts";
import type { Item, Key, ReadOptions } from "../../storage/ports.ts";
import {
  beginWork,
  type Context,
  intentsIn,
  isOld,
  leaveIntents,
  noteMade,
  RETRY,
  type Work,
} from "../protocol/mod.ts";
import {
  type EdgeAttributes,
  type EpochAttributes,
  identify,
  isInHistory,
  MANIFEST_PREFIX,
  manifestKey,
  type RepositoryAttributes,
  repositoryKey,
  repositoryPartition,
  type Stored,
  stored,
  type TagAttributes,
  tagKey,
  type UsageAttributes,
} from "../items/mod.ts";
import type { PointerKey } from "../removal.ts";
import type { Outcome } from "../blobs/mod.ts";
import { readRepository } from "../repositories/mod.ts";

/** Item that is needed only as long as another one exists. */
export interface Pointer {
  /** Its kind and parts. */
  key: PointerKey;
  /** The item as it was read. */
  item: Item;
  /** Key of the item that it needs. */
  target: Key;
  /** True if the item under that key is the one that it needs. */
  matches: (target: Item) => boolean;
}

const always = () => true;

/** The target of an item of a repository, if the item is old enough to be checked; `undefined` of all others. */
export function pointerOf(context: Context, item: Item): Pointer | undefined {
  const key = identify(item);
  switch (key?.kind) {
    // A young edge or tag mark may belong to a running push.
    case "edge":
      if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;
      return { key, item, target: manifestKey(key.repository, key.manifest), matches: always };
    case "tag mark":
      if (!isOld(context, stored<EdgeAttributes>(item)!.attributes.at)) return undefined;
      return {
        key,
        item,
        target: tagKey(key.repository, key.tag),
        matches: (tag) => stored<TagAttributes>(tag)!.attributes.digest === key.manifest,
      };
    // Put by a push after its manifest, and left by a delete that crashed.
    case "tag": {
      const { digest } = stored<TagAttributes>(item)!.attributes;
      return { key, item, target: manifestKey(key.repository, digest), matches: always };
    }
    // A history does not come back once its tag is deleted, so its moves can go at any age.
    case "move":
      return {
        key,
        item,
        target: tagKey(key.repository, key.tag),
        matches: (tag) => isInHistory(key, stored<TagAttributes>(tag)!.attributes),
      };
    case "referrer":
      return { key, item, target: manifestKey(key.repository, key.manifest), matches: always };
    case "pull":
      return { key, item, target: tagKey(key.repository, key.tag), matches: always };
    // A repository is known from its first manifest on, and has blobs before.
    case "usage":
      if (!isOld(context, stored<UsageAttributes>(item)!.attributes.at)) return undefined;
      return { key, item, target: repositoryKey(key.repository), matches: always };
    // If the repository comes back later, its epoch is new or absent. A cached "absent" is younger than that.
    case "epoch":
      if (!isOld(context, stored<EpochAttributes>(item)!.attributes.at)) return undefined;
      return { key, item, target: repositoryKey(key.repository), matches: always };
    case "blob":
    case "link":
    case "manifest":
    case "repository":
    case "upload":
    case "candidate":
    case "purge":
    case "event":
    case "delivery":
    case "dead letter":
    case "lease":
    case "cursor key":
      return undefined;
  }
  key satisfies undefined; // every kind is treated above
  return undefined;
}

/**
 * Pointers whose targets do not exist. They were read before their targets, and are deleted by the versions that were
 * read: a push puts a manifest before its tags, and writes its edges and tag marks again before it relies on them.
 */
export async function dangling(
  context: Context,
  pointers: Pointer[],
  options: ReadOptions,
): Promise<Pointer[]> {
  const targets = await context.table.getMany(pointers.map(({ target }) => target), options);
  return pointers.filter(({ matches }, i) => {
    const target = targets[i];
    return target === undefined || !matches(target);
  });
}

/** Removes an item if it points at nothing. */
export async function collectPointer(context: Context, pointer: Pointer): Promise<Outcome> {
  const work = beginWork(context);
  const [gone] = await dangling(work, [pointer], { consistent: true });
  return gone === undefined ? { is: "needed" } : await removePointer(work, pointer);
}

/** Removes an item that was read before its target, which does not exist. */
export async function removePointer(work: Work, { item }: Pointer): Promise<Outcome> {
  const { pk, sk, version } = item;
  const isRemoved = await work.table.delete({ pk, sk }, { ifVersion: version });
  return { is: isRemoved ? "removed" : "changed" };
}

/** True if the repository has a manifest. */
export async function hasManifest(
  context: Context,
  repository: RepositoryName,
  options: ReadOptions,
): Promise<boolean> {
  const query = { prefix: MANIFEST_PREFIX, limit: 1, ...options };
  return (await context.table.query(repositoryPartition(repository), query)).length > 0;
}

/** True if the repository was last used before the grace period began. */
export function isRepositoryOld(context: Context, item: Stored<RepositoryAttributes>): boolean {
  return isOld(context, lastUseOfRepository(item));
}

function lastUseOfRepository({ attributes }: Stored<RepositoryAttributes>): number {
  return attributes.condemnedAt ?? attributes.createdAt;
}

/** Removes the item of a repository without manifests. */
export async function collectRepository(context: Context, repository: RepositoryName): Promise<Outcome> {
  const work = beginWork(context);
  const known = await readRepository(work, repository);
  if (known === undefined) return { is: "absent" };
  if (!isRepositoryOld(work, known)) return { is: "young", since: lastUseOfRepository(known) };
  const outcome = await removeRepository(work, repository, known);
  return { is: outcome === RETRY ? "changed" : outcome };
}

/** Removes a repository's item by the version that was read, if the repository has no manifest. */
export async function removeRepository(
  work: Work,
  repository: RepositoryName,
  known: Stored<RepositoryAttributes>,
  by?: string,
): Promise<"removed" | "needed" | typeof RETRY> {
  const { condemnedAt: _, ...attributes } = known.attributes;
  const key = repositoryKey(repository);
  // Condemns before it checks, as with links: a push puts its manifest before it reads the repository's item.
  const condemned: RepositoryAttributes = { ...attributes, condemnedAt: work.now() };
  const version = await work.table.put({ ...key, attributes: condemned }, { ifVersion: known.version });
  if (version === undefined) return RETRY;
  if (await hasManifest(work, repository, { consistent: true })) {
    await work.table.put({ ...key, attributes }, { ifVersion: version });
    return "needed";
  }
  const intent = (await intentsIn(work, repository, by))?.repositoryDelete(known);
  await leaveIntents(work, intent);
  if (!await work.table.delete(key, { ifVersion: version })) return RETRY;
  noteMade(intent);
  return "removed";
}
