import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { Item, NewItem, Table } from "../../storage/ports.ts";
import {
  historyOf,
  MAX_MOVES,
  type MoveAttributes,
  moveItems,
  moveKey,
  movePrefix,
  partsOf,
  type Stored,
  stored,
  type TagAttributes,
} from "../items/mod.ts";
import { candidateItems, purgeItems, type Work } from "../protocol/mod.ts";

/**
 * Puts what remains of tags that are about to leave their targets for `digest`, in one request of the table:
 *
 * - their last moves. A push puts them before it replaces them in the tag's item, so no crash loses a move.
 * - a candidate for each target, because the tag mark of it becomes garbage.
 * - a purge of the targets, because a shared cache may have stored them by the tags.
 * - `intents` of the same push.
 */
export async function leaveTargets(
  work: Work,
  repository: RepositoryName,
  digest: Digest,
  tags: (Stored<TagAttributes> | undefined)[],
  intents: NewItem[] = [],
): Promise<void> {
  const leaving = tags.filter((tag) => tag !== undefined)
    .filter(({ attributes }) => attributes.digest !== digest);
  if (leaving.length === 0) return intents.length === 0 ? undefined : await work.table.putMany(intents);
  const left = new Set(leaving.map(({ attributes }) => attributes.digest));
  const now = work.now();
  const candidates = [...left].flatMap((before) =>
    candidateItems(work, { kind: "tags", repository, digest: before }, now)
  );
  const purges = purgeItems(work, { untagged: [...left] });
  await work.table.putMany([...leaving.flatMap(moveItems), ...candidates, ...purges, ...intents]);
}

/** Moves of the tag as it was read, newest first. */
export async function readMoves(table: Table, tag: Stored<TagAttributes>): Promise<MoveAttributes[]> {
  const earlier = await readEarlierMoves(table, tag);
  return [...tag.attributes.moves, ...earlier.map((item) => stored<MoveAttributes>(item)!.attributes)];
}

/** Items of the moves before those in the tag's item, newest first. All of them exist, because pushes put them first. */
export async function readEarlierMoves(table: Table, item: Stored<TagAttributes>): Promise<Item[]> {
  const { id, last } = historyOf(item.attributes);
  const start = Math.max(0, last - MAX_MOVES);
  const end = last - item.attributes.moves.length;
  if (end <= start) return [];
  const { repository, tag } = partsOf("tag", item);
  const { pk, sk: after } = moveKey(repository, tag, id, start);
  const options = { prefix: movePrefix(tag, id), after, limit: end - start, consistent: true };
  const { sk: newest } = moveKey(repository, tag, id, end);
  // Garbage collection may have removed the oldest ones since the tag was read.
  return (await table.query(pk, options)).filter(({ sk }) => sk <= newest).reverse();
}
