import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import type { Key } from "../../storage/ports.ts";
import type { TagMove } from "../registry.ts";
import { partsOf } from "./identify.ts";
import { repositoryPartition } from "./repository.ts";
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
export const TAG_PREFIX = "tag#";

/** Key of a tag. */
export function tagKey(repository: RepositoryName, tag: Tag): Key {
  return { pk: repositoryPartition(repository), sk: TAG_PREFIX + tag };
}

/** Tag of an item with the key of a tag. */
export function tagOf(item: Key): Tag {
  return partsOf("tag", item).tag;
}

/** Key of the last pull of a tag. The item can outlive the tag; then garbage collection removes it. */
export function pulledKey(repository: RepositoryName, tag: Tag): Key {
  return { pk: repositoryPartition(repository), sk: `pulled#${tag}` };
}
