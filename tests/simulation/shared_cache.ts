import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { digestTag, EVERYTHING_TAG, repositoryTag } from "../../registry/cache_tags.ts";
import type { PurgeTarget, Registry } from "../../registry/mod.ts";
import type { Ledger, Operation } from "./ledger.ts";
import type { Caller } from "./stores.ts";
import { must } from "./violation.ts";

/** A manifest by its digest or by its tag, or a blob. */
export type CachedPath =
  & { repository: RepositoryName }
  & ({ digest: Digest } | { tag: Tag } | { blob: Digest });

/** An answer that the cache has stored. */
interface Answer {
  path: CachedPath;
  digest: Digest;
}

/** Tags of one call of the target: one, so that a step has several calls. */
const MAX_TAGS = 1;

/** A shared cache in front of all processes, whose answers never expire: only a purge removes one. */
export class SharedCache {
  readonly #answers = new Map<string, Answer>();
  #purges = 0;

  /** GET through the cache, from this registry if the cache does not have it. */
  async get(path: CachedPath, registry: Registry): Promise<void> {
    const key = JSON.stringify(path);
    if (this.#answers.has(key)) return;
    const before = this.#purges;
    const digest = await digestOf(path, registry);
    // An answer arrives within the second before a purge, or not at all.
    if (digest !== undefined && this.#purges === before) this.#answers.set(key, { path, digest });
  }

  /** The cache as processes purge it. */
  target(call: Caller): PurgeTarget {
    return {
      maxTags: MAX_TAGS,
      purge: (tags) =>
        call({
          text: () => `purge ${tags}`,
          footprint: { place: "shared cache", name: "*", writes: true },
          run: () => Promise.resolve(this.#purge(tags)),
        }),
    };
  }

  #purge(tags: string[]): void {
    must(tags.length <= MAX_TAGS, `${tags.length} cache tags are sent at once`);
    this.#purges++;
    for (const [key, { path, digest }] of this.#answers) {
      const own = [repositoryTag(path.repository), digestTag(digest), EVERYTHING_TAG];
      if (own.some((tag) => tags.includes(tag))) this.#answers.delete(key);
    }
  }

  /** Asserts that every stored answer is the one of the registry, unless a change of its repository has failed. */
  async check(registry: Registry, ledger: Ledger): Promise<void> {
    for (const { path, digest } of this.#answers.values()) {
      if (CHANGES.some((kind) => ledger.of(kind).some((change) => mayHaveFailed(change, path)))) continue;
      const now = await digestOf(path, registry);
      must(now === digest, `The shared cache answers ${JSON.stringify(path)} with ${digest}, not ${now}`);
    }
  }
}

const CHANGES = ["manifest", "delete manifest", "delete blob", "delete tag", "retain"] as const;

/** True if the change may have taken effect and was never acknowledged. A repeated one may have been, in part. */
function mayHaveFailed({ wish, done, failures, end }: Operation, { repository }: CachedPath): boolean {
  if ("repository" in wish && wish.repository !== repository) return false;
  return failures > 0 || !done && end === Infinity;
}

async function digestOf(path: CachedPath, registry: Registry): Promise<Digest | undefined> {
  const { repository } = path;
  try {
    if ("blob" in path) return (await registry.getBlob(repository, path.blob)).digest;
    return (await registry.getManifest(repository, "tag" in path ? { tag: path.tag } : path)).digest;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined;
    throw error;
  }
}
