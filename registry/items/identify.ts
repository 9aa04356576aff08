import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Key, keyParser, type ParsedKey } from "../../storage/ports.ts";

/**
 * Keys of every kind of item that the registry writes, as the table of ARCHITECTURE.md has them. A kind that is added
 * here does not compile until every place that treats kinds one by one knows it.
 */
export const ITEM_FORMS = {
  blob: { pk: "blob#<digest>", sk: "blob" },
  link: { pk: "blob#<digest>", sk: "repo#<repository>" },
  manifest: { pk: "repo#<repository>", sk: "manifest#<digest>" },
  edge: { pk: "repo#<repository>", sk: "edge#<target>#<manifest>" },
  referrer: { pk: "repo#<repository>", sk: "referrer#<subject>#<manifest>" },
  tag: { pk: "repo#<repository>", sk: "tag#<tag>" },
  "tag mark": { pk: "repo#<repository>", sk: "tagged#<manifest>#<tag>" },
  pull: { pk: "repo#<repository>", sk: "pulled#<tag>" },
  usage: { pk: "repo#<repository>", sk: "usage" },
  epoch: { pk: "repo#<repository>", sk: "epoch" },
  repository: { pk: "repos", sk: "<repository>" },
  upload: { pk: "upload#<id>", sk: "upload" },
  candidate: { pk: "garbage#<shard>", sk: "<time>#<garbage>#<repository>#<digest>" },
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

/** Kind and parts of an item, by its key. Only this registry writes items, so the parts are not checked again. */
export type ItemKey = ParsedKey<typeof ITEM_FORMS, PartTypes>;

/** Kind of an item of the registry. */
export type ItemKind = ItemKey["kind"];

/** Parts of the key of an item of one kind. */
export type ItemKeyOf<Kind extends ItemKind> = Extract<ItemKey, { kind: Kind }>;

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
