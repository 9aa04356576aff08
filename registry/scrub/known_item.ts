import { isDescriptorDigest, isDigest, isRepositoryName, isTag } from "../../oci/mod.ts";
import { isObjectKey, type Item, type Value } from "../../storage/ports.ts";
import {
  type BlobAttributes,
  type EdgeAttributes,
  identify,
  type ItemKeyOf,
  type ItemKind,
  type LinkAttributes,
  type ManifestAttributes,
  type ReferrerAttributes,
  type RepositoryAttributes,
  type Stored,
  type TagAttributes,
  type TagHistory,
  type UploadAttributes,
} from "../items/mod.ts";

/** Attributes of the kinds that a scrub checks. */
type Attributes = {
  blob: BlobAttributes;
  link: LinkAttributes;
  manifest: ManifestAttributes;
  edge: Partial<EdgeAttributes>;
  "tag mark": Partial<EdgeAttributes>;
  referrer: ReferrerAttributes;
  tag: TagAttributes;
  upload: UploadAttributes;
  repository: RepositoryAttributes;
};

type CheckedKind = keyof Attributes;

/** Item whose key and attributes have the form of its kind. */
export type KnownItem = {
  [Kind in CheckedKind]: ItemKeyOf<Kind> & { item: Stored<Attributes[Kind]> };
}[CheckedKind];

/** The item by its kind; `undefined` for a kind that a scrub does not check. */
export function checkItem(item: Item): KnownItem | "unreadable" | undefined {
  const key = identify(item);
  const check = key && CHECKS[key.kind] as Check<ItemKind> | undefined;
  if (check === undefined) return undefined;
  return check(key!, item) ? { ...key, item } as KnownItem : "unreadable";
}

/** True if the key and the attributes have the form of the kind. */
type Check<Kind extends ItemKind> = (key: ItemKeyOf<Kind>, item: Item) => boolean;

const BLOB_STATES: Value[] = ["live", "condemned", "deleting", "damaged"];
const LINK_STATES: Value[] = ["live", "condemned"];

/** The check of each kind; `undefined` for items without which nothing is lost. */
const CHECKS: { [Kind in ItemKind]: Kind extends CheckedKind ? Check<Kind> : undefined } = {
  blob({ digest }, { attributes: { size, object, state, writtenAt } }) {
    return isDigest(digest) && isCount(size) && isKey(object) && isOneOf(BLOB_STATES, state) &&
      isCount(writtenAt);
  },
  link({ digest, repository }, { attributes: { state, touchedAt } }) {
    return isDigest(digest) && isRepositoryName(repository) && isOneOf(LINK_STATES, state) &&
      isCount(touchedAt);
  },
  manifest({ repository, digest }, { attributes: { mediaType, size, object, pushedAt }, bytes }) {
    const hasContent = bytes === undefined ? isKey(object) : object === undefined;
    return isRepositoryName(repository) && isDigest(digest) && hasContent && isText(mediaType) &&
      isCount(size) && isCount(pushedAt);
  },
  edge({ repository, target, manifest }) {
    return isRepositoryName(repository) && isDigest(target) && isDigest(manifest);
  },
  "tag mark"({ repository, manifest, tag }) {
    return isRepositoryName(repository) && isDigest(manifest) && isTag(tag);
  },
  referrer({ repository, subject, manifest }) {
    return isRepositoryName(repository) && isDescriptorDigest(subject) && isDigest(manifest);
  },
  tag({ repository, tag }, { attributes: { digest, mediaType, size, moves, history } }) {
    return isRepositoryName(repository) && isTag(tag) && isText(digest) && isDigest(digest) &&
      isText(mediaType) && isCount(size) && Array.isArray(moves) &&
      (history === undefined || isHistory(history));
  },
  upload(_key, { attributes: { prefix, expiresAt } }) {
    return isText(prefix) && isCount(expiresAt);
  },
  repository({ repository }, { attributes: { createdAt } }) {
    return isRepositoryName(repository) && isCount(createdAt);
  },
  move: undefined,
  pull: undefined,
  usage: undefined,
  epoch: undefined,
  candidate: undefined,
  purge: undefined,
  event: undefined,
  delivery: undefined,
  "dead letter": undefined,
  lease: undefined,
  "cursor key": undefined,
};

/** True for the history of a tag. */
function isHistory(value: Value): boolean {
  const { id, last } = Object(value) as Partial<TagHistory>;
  return isText(id) && isCount(last);
}

function isText(value: Value | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function isKey(value: Value | undefined): boolean {
  return isText(value) && isObjectKey(value);
}

function isCount(value: Value | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOneOf(values: Value[], value: Value | undefined): boolean {
  return value !== undefined && values.includes(value);
}
