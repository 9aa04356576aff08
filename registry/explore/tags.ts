import type { RepositoryName, Tag } from "../../oci/mod.ts";
import type { Item } from "../../storage/ports.ts";
import type { Context } from "../protocol/mod.ts";
import {
  historyOf,
  keyOf,
  type PullAttributes,
  pulledKey,
  repositoryPartition,
  stored,
  TAG_PREFIX,
  type TagAttributes,
  tagFrom,
  tagKey,
  tagOf,
} from "../items/mod.ts";
import type { Slice, TagFacts } from "./explorer.ts";

/** Recorded pulls that are read for the last pull of a repository. */
const MAX_PULLS = 1000;

/** Tags in the order of their names. */
export async function readTags(
  { table }: Context,
  repository: RepositoryName,
  slice: Slice,
): Promise<TagFacts[]> {
  const items = await table.query(repositoryPartition(repository), optionsOf(slice));
  return items.map(factsOf);
}

/** Names of tags, in their order. */
export async function readTagNames(
  { table }: Context,
  repository: RepositoryName,
  slice: Slice,
): Promise<Tag[]> {
  return (await table.queryKeys(repositoryPartition(repository), optionsOf(slice))).map(tagFrom);
}

/** These tags. */
export async function readTagsNamed(
  { table }: Context,
  repository: RepositoryName,
  tags: readonly Tag[],
): Promise<(TagFacts | undefined)[]> {
  if (tags.length === 0) return [];
  const items = await table.getMany(tags.map((tag) => tagKey(repository, tag)), { consistent: true });
  return items.map((item) => item && factsOf(item));
}

/** Times of the last recorded pulls of these tags. */
export async function readPulls(
  { table }: Context,
  repository: RepositoryName,
  tags: readonly Tag[],
): Promise<(number | undefined)[]> {
  if (tags.length === 0) return [];
  const items = await table.getMany(tags.map((tag) => pulledKey(repository, tag)));
  return items.map((item) => stored<PullAttributes>(item)?.attributes.at);
}

/** Time of the last recorded pull of the repository. */
export async function readLastPull(
  { table }: Context,
  repository: RepositoryName,
): Promise<number | undefined> {
  const { pk, sk: prefix } = keyOf("pull", { repository, tag: "" as Tag });
  const items = await table.query(pk, { prefix, limit: MAX_PULLS });
  return items.reduce<number | undefined>((last, item) => {
    const { at } = stored<PullAttributes>(item)!.attributes;
    return last === undefined || at > last ? at : last;
  }, undefined);
}

function optionsOf({ after, limit }: Slice) {
  const from = after === undefined ? {} : { after: TAG_PREFIX + after };
  return { prefix: TAG_PREFIX, ...from, limit, consistent: true };
}

function factsOf(item: Item): TagFacts {
  const { attributes } = stored<TagAttributes>(item)!;
  const { digest, mediaType, size, pushedAt, moves } = attributes;
  // An item of an earlier state may have no move.
  const move = moves[0] ?? { digest, mediaType, at: pushedAt, by: "" };
  return {
    tag: tagOf(item),
    digest,
    mediaType,
    manifestSize: size,
    pushedAt,
    move,
    moves: historyOf(attributes).last,
  };
}
