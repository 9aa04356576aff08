import type { RepositoryName, Tag } from "../oci/mod.ts";
import type { Caller } from "../registry/interface.ts";
import type { CoreOptions } from "./options.ts";
import { assertSees, seesNames } from "./sight.ts";
import type { TagHistory } from "./schemas/mod.ts";
import { timeOf } from "./values.ts";

/** Moves of a tag, newest first. Two requests, and one that looks which of their manifests exist. */
export async function getTagHistory(
  { registry, explorer }: CoreOptions,
  caller: Caller,
  repository: RepositoryName,
  tag: Tag,
): Promise<TagHistory> {
  assertSees(caller, repository);
  const moves = await registry.getTagHistory(repository, tag);
  const digests = [...new Set(moves.map(({ digest }) => digest))];
  const found = await explorer.manifests(repository, digests);
  const existing = new Set(digests.filter((_, i) => found[i] !== undefined));
  const isNamed = seesNames(caller, repository);
  return {
    name: repository,
    tag,
    moves: moves.map(({ digest, mediaType, at, by }) => ({
      digest,
      mediaType,
      at: timeOf(at),
      exists: existing.has(digest),
      ...(isNamed && { by }),
    })),
  };
}
