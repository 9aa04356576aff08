import { type Digest, RegistryError, type RepositoryName, type Tag, unavailable } from "../../oci/mod.ts";
import { inParallel, type Item } from "../../storage/ports.ts";
import { mayBeUnderWay, type Work } from "./context.ts";
import type { IsImmutable } from "../limits/mod.ts";
import {
  type EdgeAttributes,
  edgePrefix,
  partsOf,
  repositoryPartition,
  type Stored,
  stored,
  type TagAttributes,
  taggedPrefix,
  tagKey,
} from "../items/mod.ts";

/** Edges or tag marks of one query. */
const PAGE_ITEMS = 100;

/** Manifests that are checked in parallel. */
const PARALLEL_MANIFESTS = 8;

/** Edges and tag marks that one delete reads at most. */
export const MAX_ITEMS_READ = 2000;

/**
 * Throws if an immutable tag needs `target`: as a layer, a config or a child of the tag's manifest, at any depth.
 * Follows the edges upwards, from the referenced content to the manifests that reference it.
 *
 * The target's item must be condemned before. A push of an immutable tag writes its edges and tag marks, then reads
 * everything that it needs, at any depth, and revokes condemnations. So the push finds the condemnation and the delete
 * fails by its version, or this check finds the edges and tag marks of the push.
 *
 * @throws {RegistryError} `DENIED` if a tag needs it, or if more content references it than one request may check; 503
 *   if a push of such a tag may be running.
 */
export async function assertUnneeded(
  work: Work,
  repository: RepositoryName,
  target: Digest,
  isImmutable: IsImmutable,
): Promise<void> {
  let left = MAX_ITEMS_READ;
  const pages = async function* (prefix: string): AsyncGenerator<Item[]> {
    let after: string | undefined;
    for (;;) {
      const from = after === undefined ? {} : { after };
      const limit = Math.min(PAGE_ITEMS, left + 1);
      const options = { prefix, ...from, limit, consistent: true };
      const items = await work.table.query(repositoryPartition(repository), options);
      left -= items.length;
      if (left < 0) throw tooManyReferences(target);
      if (items.length > 0) yield items;
      if (items.length < limit) return;
      after = items.at(-1)!.sk;
    }
  };
  const seen = new Set<Digest>([target]);
  for (let level = [target]; level.length > 0;) {
    const above: Digest[] = [];
    await inParallel(level, PARALLEL_MANIFESTS, async (digest) => {
      for await (const edges of pages(edgePrefix(digest))) {
        for (const edge of edges) {
          const { manifest } = partsOf("edge", edge);
          if (seen.has(manifest)) continue;
          seen.add(manifest);
          above.push(manifest);
        }
      }
    });
    await inParallel(above, PARALLEL_MANIFESTS, async (digest) => {
      for await (const marks of pages(taggedPrefix(digest))) {
        const fixed = marks.filter((mark) => isImmutable(partsOf("tag mark", mark).tag));
        await assertNonePoints(work, repository, { target, manifest: digest, marks: fixed });
      }
    });
    level = above;
  }
}

/** Throws if one of the tags of these tag marks points to the manifest, or may soon. */
async function assertNonePoints(
  work: Work,
  repository: RepositoryName,
  { target, manifest, marks }: { target: Digest; manifest: Digest; marks: Item[] },
): Promise<void> {
  const names = marks.map((mark) => partsOf("tag mark", mark).tag);
  const tags = await work.table.getMany(names.map((tag) => tagKey(repository, tag)), { consistent: true });
  for (const [i, mark] of (marks as Stored<EdgeAttributes>[]).entries()) {
    const tag = stored<TagAttributes>(tags[i]);
    if (tag?.attributes.digest === manifest) throw neededByTag(target, names[i]!);
    // An immutable tag that points elsewhere stays there.
    if (tag === undefined && mayBeUnderWay(work, mark.attributes.at)) {
      throw unavailable(
        `Cannot delete "${target}": a push of immutable tag "${names[i]}" may be about to need it`,
      );
    }
  }
}

/** The error for content that an immutable tag needs. */
function neededByTag(target: Digest, tag: Tag): RegistryError {
  return new RegistryError("DENIED", `Cannot delete "${target}": immutable tag "${tag}" needs it`, {
    detail: { digest: target, tag },
  });
}

function tooManyReferences(target: Digest): RegistryError {
  const message = `Cannot delete "${target}": it has too many references to check if an immutable ` +
    "tag needs it (delete the manifests that reference it first)";
  return new RegistryError("DENIED", message, { detail: { digest: target } });
}
