import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { type Key, keyFrom, keyStart, keyText, type NewItem } from "../../storage/ports.ts";
import { INDEX_FORMS, ITEM_FORMS, keyOf } from "./identify.ts";

/** Blob: content stored once, however many repositories link to it. Times are in milliseconds since the epoch. */
export type BlobAttributes = {
  size: number;
  /** The key of the object that holds the bytes. */
  object: string;
  /**
   * A collector sets `condemned` and `deleting`; a writer revives the first and replaces the second. `damaged` means
   * that the object is unreadable or missing: a writer replaces the item, and an unreadable object stays.
   */
  state: "live" | "condemned" | "deleting" | "damaged";
  /** True if a damaged blob has no object: then a collector may remove the item. */
  missing?: true;
  writtenAt: number;
  /** Time of the condemnation by a collector. */
  condemnedAt?: number;
};

/** True if clients may read the blob, and pushes may rely on it. */
export function isReadable({ state }: BlobAttributes): boolean {
  return state === "live" || state === "condemned";
}

/** Link: a repository has a blob. A link without the item of the blob proves nothing. */
export type LinkAttributes = {
  state: "live" | "condemned";
  touchedAt: number;
  /** Time of the condemnation by a collector. */
  condemnedAt?: number;
};

/** Partition of a blob and of its links. */
export function blobPartition(digest: Digest): string {
  return keyText(ITEM_FORMS.blob.pk, { digest });
}

/** Key of a blob. */
export function blobKey(digest: Digest): Key {
  return keyOf("blob", { digest });
}

/** Start of the sort key of every link in the partition of a blob. */
export const LINK_PREFIX = keyStart(ITEM_FORMS.link.sk);

/** Start of the sort keys of links in the index, in the partition of the repository. */
export const LINKED_PREFIX = keyStart(INDEX_FORMS.link.sk);

/** Key of a link, in the partition of the blob: one batch reads both, and one consistent query finds all links. */
export function linkKey(digest: Digest, repository: RepositoryName): Key {
  return keyOf("link", { digest, repository });
}

/** Item that sets a condemned blob to `live` again. */
export function revivedBlob(
  digest: Digest,
  { size, object }: BlobAttributes,
  now: number,
): NewItem & { attributes: BlobAttributes } {
  return { ...blobKey(digest), attributes: { size, object, state: "live", writtenAt: now } };
}

/** Item of a live link that was touched at `now`. */
export function linkItem(digest: Digest, repository: RepositoryName, now: number): NewItem {
  const attributes: LinkAttributes = { state: "live", touchedAt: now };
  const index = keyFrom(INDEX_FORMS.link, { digest, repository });
  return { ...linkKey(digest, repository), attributes, index };
}
