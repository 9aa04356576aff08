import type { Digest } from "../oci/mod.ts";
import { type AuthItemKey, identifyAuth } from "../auth/items.ts";
import { type BlobAttributes, identify, type ItemKey, type ManifestAttributes } from "../registry/stored.ts";
import type { Key, NewItem } from "../storage/ports.ts";
import { MARKER } from "./target.ts";

/** Kind and parts of any item; `other` for a kind that this release does not write. */
export type BackupKey = ItemKey | AuthItemKey | { kind: "restore" } | { kind: "other" };

/** Kind of an item, in the words of ARCHITECTURE.md. */
export type Kind = BackupKey["kind"];

/** Kind and parts of the item with this key. */
export function keyOf(key: Key): BackupKey {
  if (key.pk === MARKER.pk) return { kind: "restore" };
  return identify(key) ?? identifyAuth(key) ?? { kind: "other" };
}

/** Kind of the item with this key. */
export function kindOf(key: Key): Kind {
  return keyOf(key).kind;
}

/** Unique text for each key. */
export function textOf({ pk, sk }: Key): string {
  return `${pk.length} ${pk}${sk}`;
}

/** Last version of each item. Otherwise two versions would copy the same object concurrently. */
export function latest<T extends Key>(items: T[]): T[] {
  return [...new Map(items.map((item) => [textOf(item), item])).values()];
}

/** Object of a blob or a manifest. */
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
  const key = keyOf(item);
  if (key.kind !== "blob" && key.kind !== "manifest") return undefined;
  const { object, size } = item.attributes as BlobAttributes | ManifestAttributes;
  return object === undefined ? undefined : { key: object, size, digest: key.digest };
}

/** Name of a blob, a manifest or a tag in a report. */
export function nameOf({ pk, sk }: Key): string {
  const key = keyOf({ pk, sk });
  if (key.kind === "blob") return `Blob ${key.digest}`;
  if (key.kind === "manifest") return `Manifest ${key.repository}@${key.digest}`;
  if (key.kind === "tag") return `Tag ${key.repository}:${key.tag}`;
  return `Item ${pk} ${sk}`;
}
