import { createHash } from "node:crypto";
import type { Digest, DigestAlgorithm, RepositoryName } from "../../oci/mod.ts";
import {
  type Item,
  type Key,
  keyFrom,
  keyParser,
  keyStart,
  keyText,
  type NewItem,
} from "../../storage/ports.ts";
import type { Etags } from "./etags.ts";
import { INDEX_FORMS, keyOf } from "./identify.ts";

/** Hash of the first bytes of an upload. */
export type PrefixHash = {
  algorithm: DigestAlgorithm;
  /** Number of hashed bytes. */
  offset: number;
  /** The finished hash in lower-case hexadecimal. */
  hex: string;
  /** State in base64 from which another process can continue; absent if the hash cannot be continued. */
  state?: string;
};

/** Piece of an upload that is not part of a multipart upload yet, as a separate object. */
export type Piece = { key: string; size: number };

/** Location of the bytes of an upload. Sizes are in bytes. */
export type UploadContent = {
  /** Bytes received in total. */
  offset: number;
  /** Key of the object that the parts become. */
  object?: string;
  partsId?: string;
  /** ETags of the stored parts, all of the part size of the store. */
  etags: Etags;
  /** The shorter last part of the blob. */
  lastPart?: { size: number; etag: string };
  /** Pieces after the parts, less than one part in total. */
  tail: Piece[];
  hash?: PrefixHash;
  /** True if the store may have objects of the upload that its item does not name: the sweep must list them. */
  unlisted?: true;
};

/**
 * Upload, from its POST until it expires; or the object of a large manifest, from before it is written. Times are
 * in milliseconds since the epoch.
 */
export type UploadAttributes = UploadContent & {
  /** Kind of the item that will name the object. */
  kind: "blob" | "manifest";
  repository: RepositoryName;
  principal: string;
  /** Prefix of every object of this upload. */
  prefix: string;
  state: "open" | "committing" | "done" | "aborting";
  expiresAt: number;
  /** True if the index lists the open upload under its principal, for the limits on open uploads. */
  counted?: true;
  /** Algorithm of the digest, as announced by the client. */
  algorithm?: DigestAlgorithm;
  /** Time until which only the request with the claim may add parts. */
  claimedUntil?: number;
  /** Objects of a committed upload that the blob's item does not name; absent if the sweep must list them. */
  left?: string[];
  /** Digest that it is being or was committed as. */
  digest?: Digest;
  /** Digest that its first request may have committed it as, on the fast path that does not update this item. */
  attempt?: Digest;
  /** True if a request announced it after its sweep, when the digests that it was committed as are not known any more. */
  announced?: true;
  /** Deadline of the request that commits. */
  committingUntil?: number;
  /** True if that request has failed, so that its repetition need not wait for the deadline. */
  failed?: true;
};

/** Key of an upload. */
export function uploadKey(id: string): Key {
  return keyOf("upload", { id });
}

/** Partitions of the index that order uploads by expiry; several, so that none is hot. */
export const EXPIRY_SHARDS: string[] = Array.from(
  "0123456789abcdef",
  (shard) => keyText(INDEX_FORMS.upload.pk, { shard }),
);

const COUNTED = INDEX_FORMS["counted upload"];

/** Start of the sort keys of counted uploads in these partitions, after all others. */
export const OPEN_PREFIX = keyStart(COUNTED.sk);

/** Start of the sort keys of the counted uploads of one principal. */
export function openUploadPrefix(principal: string): string {
  return keyStart(COUNTED.sk, { principal: hashOf(principal) });
}

/** Partition of the index that lists the open uploads of a principal. */
export function openUploadShard(principal: string): string {
  return keyText(COUNTED.pk, { shard: hashOf(principal)[0]! });
}

/** Hash of a principal for use in a key: names can be too long and contain any character. */
function hashOf(principal: string): string {
  return createHash("sha256").update(principal).digest("hex").slice(0, 32);
}

/** Item of an upload. The index orders it by expiry, a counted open one within the uploads of its principal. */
export function uploadItem(id: string, attributes: UploadAttributes): NewItem {
  const { counted, state, principal, expiresAt } = attributes;
  const expiry = expirySortKey(expiresAt);
  const owner = hashOf(principal);
  const index = counted && (state === "open" || state === "committing")
    ? keyFrom(COUNTED, { shard: owner[0]!, principal: owner, expiry, id })
    : keyFrom(INDEX_FORMS.upload, { shard: id[0]!, expiry, id });
  return { ...uploadKey(id), attributes, index };
}

/** A key of the first form is one of the second form, too. */
const parseIndex = keyParser({ counted: COUNTED, upload: INDEX_FORMS.upload });

/** True if the upload has expired at `now`, by its key in the index. */
export function hasExpired({ index }: Item, now: number): boolean {
  return parseIndex(index!)!.expiry < expirySortKey(now);
}

/** Time in the form that sorts in the index. */
export function expirySortKey(time: number): string {
  return String(time).padStart(16, "0");
}
