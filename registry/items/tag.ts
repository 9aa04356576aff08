import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Key, keyStart, type NewItem } from "../../storage/ports.ts";
import type { TagMove } from "../registry.ts";
import { ITEM_FORMS, type ItemKeyOf, keyOf, partsOf } from "./identify.ts";
import type { Plain, Stored } from "./stored.ts";

/** Maximum moves in the history of a tag. */
export const MAX_MOVES = 32;

/**
 * Tag: the manifest that it points to, and its last move. The item is small, because every pull by tag and every list
 * of tags reads it: earlier moves are items beside it. Times are in milliseconds since the epoch.
 */
export type TagAttributes = {
  digest: Digest;
  mediaType: string;
  size: number;
  /** Time of the last push, even if it did not move the tag. */
  pushedAt: number;
  /** The last move. An item of an earlier state of the registry has up to {@linkcode MAX_MOVES}, newest first. */
  moves: MoveAttributes[];
  /** Absent in an item of an earlier state. */
  history?: TagHistory;
};

/** Sequence of moves of a tag, from its creation to its deletion. */
export type TagHistory = {
  /** Random. A tag that is deleted and pushed again gets another one. */
  id: string;
  /** Number of the last move. The first one has the number 1. */
  last: number;
};

/** Move of a tag. */
export type MoveAttributes = Plain<TagMove>;

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

/** Digits of the number of a move, so that keys sort by it. */
const NUMBER_DIGITS = 10;

/** History of a tag. An item of an earlier state has none; its moves tell it, so that all processes use the same. */
export function historyOf({ history, moves }: TagAttributes): TagHistory {
  return history ?? { id: `${moves.at(-1)?.at ?? 0}`, last: moves.length };
}

/** Key of a move of a tag. */
export function moveKey(repository: RepositoryName, tag: Tag, history: string, number: number): Key {
  return keyOf("move", { repository, tag, history, number: `${number}`.padStart(NUMBER_DIGITS, "0") });
}

/** Start of the sort keys of the moves of a tag, of all its histories or of one. */
export function movePrefix(tag: Tag, history?: string): string {
  return keyStart(ITEM_FORMS.move.sk, { tag, history });
}

/**
 * Items of the moves that a tag's item holds: they are written before another move replaces them. The same item makes
 * the same moves, so the pushes that compete for the tag do not disturb each other.
 */
export function moveItems(item: Stored<TagAttributes>): NewItem[] {
  const { repository, tag } = partsOf("tag", item);
  const { id, last } = historyOf(item.attributes);
  return item.attributes.moves.map((attributes, i) => ({
    ...moveKey(repository, tag, id, last - i),
    attributes,
  }));
}

/**
 * True if the move is in the history of the tag. It may also be the tag's last one, or a later one: a push writes it
 * before it moves the tag.
 */
export function isInHistory({ history, number }: ItemKeyOf<"move">, tag: TagAttributes): boolean {
  const { id, last } = historyOf(tag);
  return history === id && Number(number) > last - MAX_MOVES;
}
