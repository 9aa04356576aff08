import {
  type Digest,
  isDescriptorDigest,
  isDigest,
  isRepositoryName,
  isTag,
  type RepositoryName,
} from "../../oci/mod.ts";
import type { Item, Value } from "../../storage/ports.ts";
import { type BlobAttributes, LINK_PREFIX, type LinkAttributes } from "./blob.ts";
import type { ManifestAttributes, MarkAttributes } from "./manifest.ts";
import { REPOSITORIES } from "./repository.ts";
import { type Stored, stored } from "./stored.ts";
import type { TagAttributes } from "./tag.ts";
import type { UploadAttributes } from "./upload.ts";

/** An item as what its key says that it is, and whose attributes are what they should be. */
export type KnownItem =
  | { kind: "blob"; digest: Digest; item: Stored<BlobAttributes> }
  | { kind: "link"; digest: Digest; repository: RepositoryName; item: Stored<LinkAttributes> }
  | { kind: "manifest"; repository: RepositoryName; digest: Digest; item: Stored<ManifestAttributes> }
  | {
    kind: "edge" | "tag mark";
    repository: RepositoryName;
    manifest: Digest;
    item: Stored<Partial<MarkAttributes>>;
  }
  | { kind: "referrer"; repository: RepositoryName; manifest: Digest; item: Item }
  | { kind: "tag"; repository: RepositoryName; manifest: Digest; item: Stored<TagAttributes> }
  | { kind: "upload"; item: Stored<UploadAttributes> }
  | { kind: "repository"; item: Item };

/**
 * Kind and name of an item. `undefined` for an item of an unknown kind, which belongs to another program or a newer
 * release; `"unreadable"` for an item of a known kind with invalid attributes.
 */
export function identify(item: Item): KnownItem | "unreadable" | undefined {
  const { pk, sk, attributes } = item;
  const separator = pk.indexOf("#");
  const name = pk.slice(separator + 1);
  switch (pk.slice(0, separator + 1) || pk) {
    case "blob#":
      return identifyOfBlob(name, item);
    case "repo#":
      return identifyOfRepository(name, item);
    case "upload#":
      if (sk !== "upload") return undefined;
      if (!isText(attributes.prefix) || !isCount(attributes.expiresAt)) return "unreadable";
      return { kind: "upload", item: stored<UploadAttributes>(item)! };
    case REPOSITORIES:
      return isRepositoryName(sk) && isCount(attributes.createdAt)
        ? { kind: "repository", item }
        : "unreadable";
  }
  return undefined;
}

const BLOB_STATES: Value[] = ["live", "condemned", "deleting", "damaged"];
const LINK_STATES: Value[] = ["live", "condemned"];

function identifyOfBlob(digest: string, item: Item): KnownItem | "unreadable" | undefined {
  const { sk, attributes } = item;
  const isLink = sk.startsWith(LINK_PREFIX);
  if (sk !== "blob" && !isLink) return undefined;
  if (!isDigest(digest)) return "unreadable";
  if (isLink) {
    const repository = sk.slice(LINK_PREFIX.length);
    if (!isRepositoryName(repository) || !isOneOf(LINK_STATES, attributes.state)) return "unreadable";
    if (!isCount(attributes.touchedAt)) return "unreadable";
    return { kind: "link", digest, repository, item: stored<LinkAttributes>(item)! };
  }
  const { size, object, state, writtenAt } = attributes;
  const isBlob = isCount(size) && isKey(object) && isOneOf(BLOB_STATES, state) && isCount(writtenAt);
  return isBlob ? { kind: "blob", digest, item: stored<BlobAttributes>(item)! } : "unreadable";
}

function identifyOfRepository(repository: string, item: Item): KnownItem | "unreadable" | undefined {
  const [kind, first = "", second = "", more] = item.sk.split("#");
  if (!["manifest", "tag", "edge", "tagged", "referrer"].includes(kind!)) return undefined;
  if (!isRepositoryName(repository) || more !== undefined) return "unreadable";
  const { attributes } = item;
  switch (kind) {
    case "manifest": {
      const { mediaType, size, object, pushedAt } = attributes;
      const hasContent = item.bytes === undefined ? isKey(object) : object === undefined;
      if (!isDigest(first) || !hasContent) return "unreadable";
      if (!isText(mediaType) || !isCount(size) || !isCount(pushedAt)) return "unreadable";
      return { kind, repository, digest: first, item: stored<ManifestAttributes>(item)! };
    }
    case "tag": {
      const { digest, mediaType, size, moves } = attributes;
      if (!isTag(first) || !isText(digest) || !isDigest(digest)) return "unreadable";
      if (!isText(mediaType) || !isCount(size) || !Array.isArray(moves)) return "unreadable";
      return { kind, repository, manifest: digest, item: stored<TagAttributes>(item)! };
    }
    case "edge":
      if (!isDigest(first) || !isDigest(second)) return "unreadable";
      return { kind, repository, manifest: second, item: stored<Partial<MarkAttributes>>(item)! };
    case "tagged":
      if (!isDigest(first) || !isTag(second)) return "unreadable";
      return {
        kind: "tag mark",
        repository,
        manifest: first,
        item: stored<Partial<MarkAttributes>>(item)!,
      };
    case "referrer":
      if (!isDescriptorDigest(first) || !isDigest(second)) return "unreadable";
      return { kind, repository, manifest: second, item };
  }
}

function isText(value: Value | undefined): value is string {
  return typeof value === "string" && value !== "";
}

/** True if the value is a valid object key. */
function isKey(value: Value | undefined): boolean {
  return isText(value) && value.length <= 200 && /^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(value);
}

function isCount(value: Value | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOneOf(values: Value[], value: Value | undefined): boolean {
  return value !== undefined && values.includes(value);
}
