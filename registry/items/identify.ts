import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Key, type KeyForm, keyFrom, keyParser, type ParsedKey } from "../../storage/ports.ts";

/** Partition of a blob and of its links; in the partition of a repository in the index, sort key of a link. */
const BLOB = "blob#<digest>";

/** Partition of everything in a repository except its blobs; in the partition of a blob, sort key of a link. */
const REPOSITORY = "repo#<repository>";

/**
 * Keys of every kind of item that the registry writes, as the table of ARCHITECTURE.md has them. A kind that is added
 * here does not compile until every place that treats kinds one by one knows it.
 */
export const ITEM_FORMS = {
  blob: { pk: BLOB, sk: "blob" },
  link: { pk: BLOB, sk: REPOSITORY },
  manifest: { pk: REPOSITORY, sk: "manifest#<digest>" },
  edge: { pk: REPOSITORY, sk: "edge#<target>#<manifest>" },
  referrer: { pk: REPOSITORY, sk: "referrer#<subject>#<manifest>" },
  tag: { pk: REPOSITORY, sk: "tag#<tag>" },
  move: { pk: REPOSITORY, sk: "moved#<tag>#<history>#<number>" },
  "tag mark": { pk: REPOSITORY, sk: "tagged#<manifest>#<tag>" },
  pull: { pk: REPOSITORY, sk: "pulled#<tag>" },
  usage: { pk: REPOSITORY, sk: "usage" },
  epoch: { pk: REPOSITORY, sk: "epoch" },
  repository: { pk: "repos", sk: "<repository>" },
  upload: { pk: "upload#<id>", sk: "upload" },
  candidate: { pk: "garbage#<shard>", sk: "<time>#<garbage>#<content>" },
  purge: { pk: "purge#<shard>", sk: "<due>#<id>" },
  event: { pk: "event#<shard>", sk: "<time>#<id>" },
  delivery: { pk: "delivery#<shard>", sk: "<receiver>#<time>#<id>" },
  "dead letter": { pk: "deadletter#<shard>", sk: "<id>#<receiver>" },
  lease: { pk: "collection", sk: "<name>" },
  "cursor key": { pk: "catalog", sk: "cursor key" },
} as const;

/** Types of the parts of keys; all others are text. */
type PartTypes = {
  digest: Digest;
  manifest: Digest;
  repository: RepositoryName;
  tag: Tag;
  target: Digest;
};

/** Keys in the index of those items that have one. */
export const INDEX_FORMS = {
  link: { pk: REPOSITORY, sk: BLOB },
  usage: { pk: "usage", sk: "<repository>" },
  "counted upload": { pk: "uploads#<shard>", sk: "open#<principal>#<expiry>#<id>" },
  upload: { pk: "uploads#<shard>", sk: "<expiry>#<id>" },
} as const;

/** Kind and parts of an item, by its key. Only this registry writes items, so the parts are not checked again. */
export type ItemKey = ParsedKey<typeof ITEM_FORMS, PartTypes>;

/** Kind of an item of the registry. */
export type ItemKind = ItemKey["kind"];

/** Parts of the key of an item of one kind. */
export type ItemKeyOf<Kind extends ItemKind> = Extract<ItemKey, { kind: Kind }>;

/** Key of an item of this kind with these parts. */
export function keyOf<Kind extends ItemKind>(kind: Kind, parts: Omit<ItemKeyOf<Kind>, "kind">): Key {
  return keyFrom<KeyForm>(ITEM_FORMS[kind], parts);
}

const parse = keyParser(ITEM_FORMS);

/** Kind and parts of the item with this key; `undefined` for a kind that this release does not know. */
export function identify(key: Key): ItemKey | undefined {
  return parse(key) as ItemKey | undefined;
}

/**
 * Parts of the key of an item that was found in a place for this kind only.
 *
 * @throws {TypeError} if the item is of another kind.
 */
export function partsOf<Kind extends ItemKind>(kind: Kind, { pk, sk }: Key): ItemKeyOf<Kind> {
  const parts = identify({ pk, sk });
  if (parts?.kind !== kind) throw new TypeError(`Cannot read the key "${pk}" "${sk}": not a ${kind}`);
  return parts as ItemKeyOf<Kind>;
}
