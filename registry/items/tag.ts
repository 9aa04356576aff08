import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Key, keyStart } from "../../storage/ports.ts";
import type { TagMove } from "../registry.ts";
import { ITEM_FORMS, keyOf, partsOf } from "./identify.ts";
import type { Plain } from "./stored.ts";

/**
 * Tag: the manifest that it points to, and its last moves, newest first. Times are in milliseconds since the
 * epoch.
 */
export type TagAttributes = {
  digest: Digest;
  mediaType: string;
  size: number;
  /** Time of the last push, even if it did not move the tag. */
  pushedAt: number;
  moves: Plain<TagMove>[];
};

/** Last recorded pull of a tag. */
export type PullAttributes = { at: number };

/** Start of the sort key of every tag. */
export const TAG_PREFIX = keyStart(ITEM_FORMS.tag.sk);

/** Key of a tag. */
export function tagKey(repository: RepositoryName, tag: Tag): Key {
  return keyOf("tag", { repository, tag });
}

/** Tag of an item with the key of a tag. */
export function tagOf(item: Key): Tag {
  return partsOf("tag", item).tag;
}

/** Tag of a sort key that begins with {@linkcode TAG_PREFIX}. A list has thousands of them. */
export function tagFrom(sk: string): Tag {
  return sk.slice(TAG_PREFIX.length) as Tag;
}

/** Key of the last pull of a tag. The item can outlive the tag; then garbage collection removes it. */
export function pulledKey(repository: RepositoryName, tag: Tag): Key {
  return keyOf("pull", { repository, tag });
}
