import type { Digest, RepositoryName } from "../oci/mod.ts";
import { FAILURE_SHARDS, KEY_RING } from "../auth/interface.ts";
import {
  type BlobAttributes,
  COLLECTION,
  GARBAGE_PREFIX,
  LINK_PREFIX,
  type ManifestAttributes,
  REPOSITORIES,
  TAG_PREFIX,
} from "../registry/stored.ts";
import type { Key, NewItem } from "../storage/ports.ts";

/** Kind of an item, as in ARCHITECTURE.md; `other` for an item that no current release writes. */
export type Kind =
  | "blob"
  | "link"
  | "manifest"
  | "edge"
  | "referrer"
  | "tag"
  | "tag mark"
  | "repository"
  | "upload"
  | "candidate"
  | "collection"
  | "keys"
  | "failures"
  | "other";

/** The kinds in the partition of a repository, by how their sort keys begin. */
const IN_REPOSITORY: [string, Kind][] = [
  ["manifest#", "manifest"],
  ["edge#", "edge"],
  ["referrer#", "referrer"],
  [TAG_PREFIX, "tag"],
  ["tagged#", "tag mark"],
];

/** Kind of the item with this key. */
export function kindOf({ pk, sk }: Key): Kind {
  if (pk === REPOSITORIES) return "repository";
  if (pk.startsWith("upload#")) return "upload";
  if (pk.startsWith(GARBAGE_PREFIX)) return "candidate";
  if (pk === COLLECTION) return "collection";
  if (pk === KEY_RING.pk && sk === KEY_RING.sk) return "keys";
  if (FAILURE_SHARDS.includes(pk)) return "failures";
  if (pk.startsWith("blob#")) return sk.startsWith(LINK_PREFIX) ? "link" : "blob";
  if (!pk.startsWith("repo#")) return "other";
  return IN_REPOSITORY.find(([prefix]) => sk.startsWith(prefix))?.[1] ?? "other";
}

/** The key as one text, another for each. */
export function textOf({ pk, sk }: Key): string {
  return `${pk.length} ${pk}${sk}`;
}

/** Each item once, as it came last: the same one twice would be the same object twice at the same time. */
export function latest<T extends Key>(items: T[]): T[] {
  return [...new Map(items.map((item) => [textOf(item), item])).values()];
}

/** The repository in whose partition a manifest, an edge, a referrer or a tag is. */
export function repositoryOf({ pk }: Key): RepositoryName {
  return pk.slice("repo#".length) as RepositoryName;
}

/** The digest that a blob's partition, or the sort key of a manifest or a referrer, ends with. */
export function digestIn(key: Key): Digest {
  if (kindOf(key) === "blob") return key.pk.slice("blob#".length) as Digest;
  return key.sk.slice(key.sk.lastIndexOf("#") + 1) as Digest;
}

/** An object that a blob or a manifest names. */
export interface NamedObject {
  /** The object's key. */
  key: string;
  /** Bytes. */
  size: number;
  /** Digest of the bytes. */
  digest: Digest;
}

/** The object that the item names, if it is a blob or a manifest that has one. */
export function objectOf(item: NewItem): NamedObject | undefined {
  const kind = kindOf(item);
  if (kind !== "blob" && kind !== "manifest") return undefined;
  const { object, size } = item.attributes as BlobAttributes | ManifestAttributes;
  return object === undefined ? undefined : { key: object, size, digest: digestIn(item) };
}

/** A blob, a manifest or a tag in words. */
export function nameOf(item: Key): string {
  const kind = kindOf(item);
  if (kind === "blob") return `Blob ${digestIn(item)}`;
  if (kind === "manifest") return `Manifest ${repositoryOf(item)}@${digestIn(item)}`;
  return `Tag ${repositoryOf(item)}:${item.sk.slice(TAG_PREFIX.length)}`;
}
