import { createHash } from "node:crypto";
import type { Descriptor, Digest, DigestAlgorithm, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Item, type Key, LONGEST_SORT_KEY, type NewItem, type Value } from "../../storage/ports.ts";
import type { Etags } from "./etags.ts";
import type { TagMove } from "../registry.ts";

/**
 * The items of ARCHITECTURE.md: their keys, and what each holds. Times are in milliseconds since the epoch, sizes in
 * bytes.
 */

/** One stored content, whatever repositories have it. */
export type BlobAttributes = {
  size: number;
  /** The key of the object that holds the bytes. */
  object: string;
  /**
   * `condemned` and `deleting` are a collector's; a writer revives the first and replaces the second. `damaged` means
   * that the object is unreadable or missing: a writer replaces the item, and an unreadable object stays.
   */
  state: "live" | "condemned" | "deleting" | "damaged";
  /** True if a damaged blob has no object: then a collector may remove the item. */
  missing?: true;
  writtenAt: number;
  /** When a collector put its mark. */
  condemnedAt?: number;
};

/** Whether clients may read the blob, and pushes may rely on it. */
export function isReadable({ state }: BlobAttributes): boolean {
  return state === "live" || state === "condemned";
}

/** That a repository has a blob; means nothing without the blob's own item. */
export type LinkAttributes = {
  state: "live" | "condemned";
  touchedAt: number;
  /** When a collector put its mark. */
  condemnedAt?: number;
};

/** That a manifest references something, or that a tag may point at a manifest. */
export type MarkAttributes = {
  /** When a push last wrote it. */
  at: number;
  /** Which run of the manifest protocol last wrote it. */
  push?: string;
};

/** A repository that something was pushed to. */
export type RepositoryAttributes = {
  createdAt: number;
  /** When a collector found nothing in it. */
  condemnedAt?: number;
};

/** A manifest of a repository; its bytes stand in the item, or in an object where they are many. */
export type ManifestAttributes = {
  mediaType: string;
  size: number;
  object?: string;
  subject?: string;
  pushedAt: number;
  pushedBy: string;
  /** Which run of the manifest protocol put it: edges of the same one are of a push that looks at no blob any more. */
  push?: string;
  /** When retention put its mark: whoever needs the manifest takes it away. */
  condemnedAt?: number;
  /** When a push or a read last took such a mark away. */
  usedAt?: number;
  /** When a delete began that looks for immutable tags above: a push of an index that needs the manifest takes it away. */
  deleteBegunAt?: number;
};

/** An interface as what may stand in an item. */
type Plain<T> = Pick<T, keyof T>;

/** That a manifest refers to another by `subject`. */
export type ReferrerAttributes = {
  /** Without its annotations where they are too many for an item; absent where it is read from the manifest. */
  descriptor?: Plain<Descriptor>;
  /** True if the annotations must be read from the manifest. */
  annotated?: true;
};

/** Where a tag points, and its last moves, newest first. */
export type TagAttributes = {
  digest: Digest;
  mediaType: string;
  size: number;
  /** By the last push, which need not have moved it. */
  pushedAt: number;
  moves: Plain<TagMove>[];
};

/** What a repository is counted to have, where a quota wants to know. */
export type UsageAttributes = {
  /** Of its blobs and manifests, each once. */
  bytes: number;
  /** When it was last written. */
  at: number;
};

/** Stands for the repository's last deletion; its version is the epoch (epoch.ts). */
export type EpochAttributes = {
  /** When it was last changed. */
  at: number;
};

/** The last pull of a tag, as far as it was recorded. */
export type PullAttributes = { at: number };

/** The hash of the first bytes of an upload. */
export type PrefixHash = {
  algorithm: DigestAlgorithm;
  /** How many bytes went into it. */
  offset: number;
  /** The finished hash in lower-case hexadecimal. */
  hex: string;
  /** What another process can go on from, in base64; absent where the hash can't be continued. */
  state?: string;
};

/** A piece of an upload that is no part yet: an object of its own. */
export type Piece = { key: string; size: number };

/** Where the bytes of an upload are. */
export type UploadContent = {
  /** Bytes taken in all. */
  offset: number;
  /** The object that the parts become. */
  object?: string;
  partsId?: string;
  /** The marks of the parts that the store has, all of the store's part size. */
  etags: Etags;
  /** The shorter part after them that ends the blob. */
  lastPart?: { size: number; etag: string };
  /** What comes after the parts, less than one part in all. */
  tail: Piece[];
  hash?: PrefixHash;
};

/** An upload, from its POST until it expires; or the object of a large manifest, from before it is written. */
export type UploadAttributes = UploadContent & {
  /** What names the object when all is done: the blob's item or the manifest's. */
  kind: "blob" | "manifest";
  repository: RepositoryName;
  principal: string;
  /** Under which every object of this upload is found. */
  prefix: string;
  state: "open" | "committing" | "done" | "aborting";
  expiresAt: number;
  /** Whether it is to be found by its principal as long as it is open, since those are counted. */
  counted?: true;
  /** What the client says that the digest will be of. */
  algorithm?: DigestAlgorithm;
  /** Until when one request alone may add parts. */
  claimedUntil?: number;
  /** The digest that it is or was committed as. */
  digest?: Digest;
  /** The digest that its first request, which brought the whole blob, may have committed it as without a word here. */
  attempt?: Digest;
  /** Until when the request that commits may go on. */
  committingUntil?: number;
};

/** An item whose attributes are known by its key. */
export type Stored<A> = Item & { attributes: A };

/** The item as what its key says that it is. */
export function stored<A extends { [name: string]: Value }>(item: Item | undefined): Stored<A> | undefined {
  return item as Stored<A> | undefined;
}

/** One item for each stored content. */
export function blobKey(digest: Digest): Key {
  return { pk: `blob#${digest}`, sk: "blob" };
}

/** The start of every link's sort key in a blob's partition. */
export const LINK_PREFIX = "repo#";

/** In the blob's partition, so that both are read at once and "who links this?" is one consistent query. */
export function linkKey(digest: Digest, repository: RepositoryName): Key {
  return { pk: `blob#${digest}`, sk: LINK_PREFIX + repository };
}

/** A blob whose mark a collector loses by this. */
export function revivedBlob(
  digest: Digest,
  { size, object }: BlobAttributes,
  now: number,
): NewItem & { attributes: BlobAttributes } {
  return { ...blobKey(digest), attributes: { size, object, state: "live", writtenAt: now } };
}

/** A live link, touched now. */
export function linkItem(digest: Digest, repository: RepositoryName, now: number): NewItem {
  const attributes: LinkAttributes = { state: "live", touchedAt: now };
  const index = { pk: `repo#${repository}`, sk: `blob#${digest}` };
  return { ...linkKey(digest, repository), attributes, index };
}

/** The start of every manifest's sort key. */
export const MANIFEST_PREFIX = "manifest#";

/** A manifest of a repository. */
export function manifestKey(repository: RepositoryName, digest: Digest): Key {
  return { pk: `repo#${repository}`, sk: MANIFEST_PREFIX + digest };
}

/** True if retention or a delete has put its mark on the manifest. */
export function isMarked({ condemnedAt, deleteBegunAt }: ManifestAttributes): boolean {
  return condemnedAt !== undefined || deleteBegunAt !== undefined;
}

/** A manifest that loses such a mark by this: it is used. */
export function revivedManifest(item: Stored<ManifestAttributes>, now: number): NewItem {
  const { condemnedAt: _, deleteBegunAt: __, ...attributes } = item.attributes;
  return { ...item, attributes: { ...attributes, usedAt: now } };
}

/** The start of the sort keys of every edge, or of those that lead to one target. */
export function edgePrefix(target?: Digest): string {
  return target === undefined ? "edge#" : `edge#${target}#`;
}

/** That `manifest` references `target`. */
export function edgeKey(repository: RepositoryName, target: Digest, manifest: Digest): Key {
  return { pk: `repo#${repository}`, sk: edgePrefix(target) + manifest };
}

/** The start of the sort keys of a manifest's tag marks. */
export function taggedPrefix(digest: Digest): string {
  return `tagged#${digest}#`;
}

/** That `tag` may point at `digest`: written before the tag is, so that a delete finds every tag without a scan. */
export function taggedKey(repository: RepositoryName, digest: Digest, tag: Tag): Key {
  return { pk: `repo#${repository}`, sk: taggedPrefix(digest) + tag };
}

/** The start of the sort keys of a subject's referrers. */
export function referrerPrefix(subject: string): string {
  return `referrer#${subject}#`;
}

/**
 * That the manifest `digest` has `subject` as its subject; `undefined` where the key is longer than every table
 * takes. An earlier release took manifests with such a subject.
 */
export function referrerKey(repository: RepositoryName, subject: string, digest: Digest): Key | undefined {
  const sk = referrerPrefix(subject) + digest;
  return sk.length <= LONGEST_SORT_KEY ? { pk: `repo#${repository}`, sk } : undefined;
}

/** The start of every tag's sort key. */
export const TAG_PREFIX = "tag#";

/** A tag of a repository. */
export function tagKey(repository: RepositoryName, tag: Tag): Key {
  return { pk: `repo#${repository}`, sk: TAG_PREFIX + tag };
}

/** The tag that an item is of. */
export function tagOf({ sk }: { sk: string }): Tag {
  return sk.slice(TAG_PREFIX.length) as Tag;
}

/** The last pull of a tag. It may outlive the tag, and is then the collector's. */
export function pulledKey(repository: RepositoryName, tag: Tag): Key {
  return { pk: `repo#${repository}`, sk: `pulled#${tag}` };
}

/** The partition of the index in which the usage of every repository is found. */
export const USAGE = "usage";

/** What a repository is counted to have. */
export function usageKey(repository: RepositoryName): Key {
  return { pk: `repo#${repository}`, sk: USAGE };
}

/** That, as an item. */
export function usageItem(repository: RepositoryName, attributes: UsageAttributes): NewItem {
  return { ...usageKey(repository), attributes, index: { pk: USAGE, sk: repository } };
}

/** The repository's epoch. */
export function epochKey(repository: RepositoryName): Key {
  return { pk: `repo#${repository}`, sk: "epoch" };
}

/** The partition of all repositories. */
export const REPOSITORIES = "repos";

/** A repository that something was pushed to. */
export function repositoryKey(repository: RepositoryName): Key {
  return { pk: REPOSITORIES, sk: repository };
}

/** An upload. */
export function uploadKey(id: string): Key {
  return { pk: `upload#${id}`, sk: "upload" };
}

/** The partitions of the index in which uploads wait for their expiry; several, so that none is hot. */
export const EXPIRY_SHARDS: string[] = [..."0123456789abcdef"].map((digit) => `uploads#${digit}`);

/** The start of the sort keys, in these partitions, of uploads that are counted: behind all others. */
export const OPEN_PREFIX = "open#";

/** The start of those of one principal. */
export function openUploadPrefix(principal: string): string {
  return `${OPEN_PREFIX}${markOf(principal)}#`;
}

/** The partition of the index in which the open uploads of a principal are. */
export function openUploadShard(principal: string): string {
  return `uploads#${markOf(principal)[0]}`;
}

/** A principal in a key, where names are too long and too free. */
function markOf(principal: string): string {
  return createHash("sha256").update(principal).digest("hex").slice(0, 32);
}

/** An upload, found by the sweep in the order of expiry; an open one that is counted, in that of its principal's. */
export function uploadItem(id: string, attributes: UploadAttributes): NewItem {
  const { counted, state, principal, expiresAt } = attributes;
  const byExpiry = `${expirySortKey(expiresAt)}#${id}`;
  const index = counted && (state === "open" || state === "committing")
    ? { pk: openUploadShard(principal), sk: openUploadPrefix(principal) + byExpiry }
    : { pk: `uploads#${id[0]}`, sk: byExpiry };
  return { ...uploadKey(id), attributes, index };
}

/** Whether the upload has expired by then, as far as its place in the index tells. */
export function hasExpired({ index }: Item, now: number): boolean {
  return index!.sk.split("#").at(-2)! < expirySortKey(now);
}

/** A point in time as it sorts in the index of expiries. */
export function expirySortKey(time: number): string {
  return String(time).padStart(16, "0");
}
