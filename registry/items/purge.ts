import { type Key, keyText } from "../../storage/ports.ts";
import { ITEM_FORMS, keyOf } from "./identify.ts";
import { randomId } from "./random_id.ts";
import { expirySortKey } from "./upload.ts";

/** Purge of a shared cache that has not been made yet. Times are in milliseconds since the epoch. */
export type PurgeAttributes = {
  /** Cache tags of the answers. */
  tags: string[];
  /** Time at which it was left. */
  at: number;
};

/** Item of a purge. */
export type PurgeItem = Key & { attributes: PurgeAttributes };

/** Partitions of purges: several, so that none is hot. Fewer than of candidates, because all are read every time. */
export const PURGE_SHARDS: string[] = Array.from("0123", (shard) => keyText(ITEM_FORMS.purge.pk, { shard }));

/** Item of a purge. From `due` on every process may make it, before that only the process that has left it. */
export function purgeItem(tags: string[], { at, due }: { at: number; due: number }): PurgeItem {
  const id = randomId();
  // Two purges are never one item: the process of the first one may make it and delete it before the second change.
  const shard = (Number.parseInt(id[0]!, 16) % PURGE_SHARDS.length).toString();
  const attributes: PurgeAttributes = { tags, at };
  return { ...keyOf("purge", { shard, due: expirySortKey(due), id }), attributes };
}
