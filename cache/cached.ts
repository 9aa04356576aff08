import { type Digest, RegistryError, type RepositoryName, type Tag } from "../oci/mod.ts";
import type { Epochs } from "../registry/mod.ts";
import type { BlobInfo, BlobReader, Manifest, Registry } from "../registry/interface.ts";
import { EpochCheck } from "./epoch_check.ts";
import { Facts } from "./facts.ts";
import { SharedReads } from "./shared_reads.ts";

/** Options of {@linkcode cached}. */
export interface CacheOptions {
  /**
   * Milliseconds for which a deletion by another process may go unnoticed by a GET; 0 by default. HEAD decides what
   * clients push, so it notices every deletion that was acknowledged before it.
   */
  age?: number;
  /** Most manifests, and most blobs, that are remembered; 16,384 by default. */
  count?: number;
  /** Bytes of all manifests that are remembered; 32 MiB by default. */
  manifestBytes?: number;
  /** A clock in milliseconds that begins above 0. */
  now?: () => number;
}

/** Manifests above this are read anew each time: a few of them would drive out everything else. */
const MAX_MANIFEST_BYTES = 1_048_576;

/** Approximate size of a cached manifest beside its bytes, in bytes, with its prepared answer. */
const OVERHEAD_BYTES = 2048;

/**
 * A registry that remembers manifests by their digest: facts that only a deletion can end. Before it answers from memory
 * it asks whether the repository's epoch is the one of the fact, so a deletion counts at every process once it is
 * acknowledged. A manifest from memory may have been marked by a retention since, which leaves it there for the grace
 * period.
 *
 * Where a blob is remembered only if the check needs no read: with it, memory saves nothing. Where a tag points and
 * whether a blob is there (HEAD, which renews the blob's link) is always read, once for all who ask at the same time.
 */
export function cached(registry: Registry, epochs: Epochs, options: CacheOptions = {}): Registry {
  const { age = 0, count = 16_384, manifestBytes = 32 * 1_048_576 } = options;
  const now = steady(options.now ?? Date.now);
  const memory = { age: epochs.mostAge, now, count };
  const manifests = new Facts<Manifest>({
    ...memory,
    weight: manifestBytes,
    heaviest: MAX_MANIFEST_BYTES + OVERHEAD_BYTES,
    weigh: ({ bytes }) => bytes.byteLength + OVERHEAD_BYTES,
  });
  const readers = new Facts<BlobReader>(memory);
  const tags = new SharedReads<Digest>();
  const infos = new SharedReads<BlobInfo>();
  const check = new EpochCheck(epochs, { age, now });

  function getByDigest(repository: RepositoryName, digest: Digest, epoch: string): Promise<Manifest> {
    const read = () => registry.getManifest(repository, { digest });
    return manifests.get(keyOf(repository, digest), read, epoch);
  }

  // No two tags of two repositories make the same key: a name has no colon in it.
  const resolve = (repository: RepositoryName, tag: Tag) =>
    tags.get(`${repository}:${tag}`, () => registry.resolveTag(repository, tag));

  async function getByTag(repository: RepositoryName, tag: Tag, present: Promise<string>): Promise<Manifest> {
    // Both reads are under way at the same time.
    const [digest, epoch] = await Promise.all([resolve(repository, tag), present]);
    try {
      return await getByDigest(repository, digest, epoch);
    } catch (error) {
      // The tag was moved, and what it pointed at deleted, in between.
      if (isUnknown(error)) return await registry.getManifest(repository, { tag });
      throw error;
    }
  }

  /** Even a delete that failed may have been done. */
  async function deleting<T>(repository: RepositoryName, done: Promise<T>): Promise<T> {
    try {
      return await done;
    } finally {
      check.forget(repository);
    }
  }

  return {
    ...registry,

    resolveTag: resolve,

    getManifest(repository, reference, { exact = false } = {}) {
      const present = check.current(repository, exact);
      if ("tag" in reference) return getByTag(repository, reference.tag, present);
      return present.then((epoch) => getByDigest(repository, reference.digest, epoch));
    },

    statBlob: (repository, digest) =>
      infos.get(keyOf(repository, digest), () => registry.statBlob(repository, digest)),

    async getBlob(repository, digest) {
      const key = keyOf(repository, digest);
      const read = () => registry.getBlob(repository, digest);
      if (!check.isFree) return await read();
      const remembered = async (): Promise<BlobReader> => {
        const reader = await read();
        const { size } = reader;
        return { digest, size, open: (range) => openAnew(reader, range) };
      };
      return await readers.get(key, remembered, await check.current(repository, false));

      /** The cached object may have been collected meanwhile, and the blob pushed again as another object. */
      async function openAnew(reader: BlobReader, range: Parameters<BlobReader["open"]>[0]) {
        try {
          return await reader.open(range);
        } catch (error) {
          if (!isUnknown(error)) throw error;
          readers.drop(key);
          return await (await read()).open(range);
        }
      }
    },

    deleteManifest: (repository, ...rest) =>
      deleting(repository, registry.deleteManifest(repository, ...rest)),
    deleteBlob: (repository, ...rest) => deleting(repository, registry.deleteBlob(repository, ...rest)),
    deleteRepository: (repository, ...rest) =>
      deleting(repository, registry.deleteRepository(repository, ...rest)),
  };
}

/** Neither part has a space in it. */
function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository} ${digest}`;
}

function isUnknown(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}

/**
 * The time that has passed by the clock, which goes on where the clock is set back: it adds up what the clock moves
 * forward. `Date.now` costs a third of `performance.now`, and counts the time in which the machine is suspended.
 */
function steady(now: () => number): () => number {
  let last = now();
  let passed = 1;
  return () => {
    const present = now();
    passed += Math.max(0, present - last);
    last = present;
    return passed;
  };
}
