import { type Digest, RegistryError, type RepositoryName, type Tag } from "../oci/mod.ts";
import type { Epochs } from "../registry/mod.ts";
import type { BlobReader, Manifest, Reader, Registry } from "../registry/interface.ts";
import { EpochCheck, type Target } from "./epoch_check.ts";
import { steadyClock } from "../storage/start.ts";
import { TtlCache } from "../storage/ttl_cache.ts";
import { keyOf } from "./keys.ts";
import { ReadAhead } from "./read_ahead.ts";
import { SharedReads } from "./shared_reads.ts";
import { SmallBlobs } from "./small_blobs.ts";

/** Options of {@linkcode cached}. */
export interface CacheOptions {
  /**
   * Milliseconds for which a deletion by another process may go unnoticed by a GET; 0 by default. HEAD decides what
   * clients push, so it notices every deletion that was acknowledged before it.
   */
  age?: number;
  /** Fraction of the default limits, for one of several processes that share them. */
  share?: number;
  /** Maximum cached manifests, and maximum cached blobs; 16,384 by default. */
  count?: number;
  /** Maximum bytes of all cached manifests; 24 MiB by default. */
  manifestBytes?: number;
  /** Maximum bytes of all cached small blobs; 8 MiB by default. */
  blobBytes?: number;
  /** A clock in milliseconds that begins above 0. */
  now?: () => number;
}

/** Maximum size of a cached manifest: a few larger ones would evict everything else. */
const MAX_MANIFEST_BYTES = 1_048_576;

/** Approximate size of a cached manifest beside its bytes, in bytes, with its prepared answer. */
const OVERHEAD_BYTES = 2048;

/** Cache over the reads of a registry. */
export interface RegistryCache {
  /** Registry that reads through the cache and writes to this one, which has the same storage as the one that is read. */
  over(writes: Registry): Registry;
}

/** Registry with a cache: see {@linkcode createCache}. */
export function cached(registry: Registry, epochs: Epochs, options: CacheOptions = {}): Registry {
  return createCache(registry, epochs, options).over(registry);
}

/**
 * Cache of manifests by digest, which only a deletion invalidates. Before it answers from the cache it
 * checks that the repository's epoch is the one of the entry, so a deletion is effective in every process once it is
 * acknowledged. Retention may have condemned a cached manifest meanwhile, which leaves it for the grace period.
 *
 * The existence of a blob in a repository is cached by the same rule, and the bytes of small blobs by digest. The target
 * of a tag is read unless the table tells that nothing has changed since. The existence of a blob for HEAD, which renews
 * the blob's link, is always read. Concurrent callers share
 * each read. After a GET of a manifest, the content that it names is read ahead.
 */
export function createCache(
  registry: Reader,
  epochs: Epochs,
  options: CacheOptions = {},
): RegistryCache {
  const { age = 0, share = 1 } = options;
  const {
    count = Math.ceil(16_384 * share),
    manifestBytes = Math.ceil(24 * 1_048_576 * share),
    blobBytes = Math.ceil(8 * 1_048_576 * share),
  } = options;
  const now = steadyClock(options.now);
  const memory = { age: epochs.mostAge, now, count };
  const manifests = new TtlCache<Manifest>({
    ...memory,
    name: "manifests",
    weight: manifestBytes,
    heaviest: MAX_MANIFEST_BYTES + OVERHEAD_BYTES,
    weigh: ({ bytes }) => bytes.byteLength + OVERHEAD_BYTES,
  });
  const readers = new TtlCache<BlobReader>({ ...memory, name: "blobs" });
  const tags = new SharedReads<Digest>();
  const targets = new SharedReads<Target>();
  const heads = new SharedReads<BlobReader>();
  const gets = new SharedReads<BlobReader>();
  const smallBlobs = new SmallBlobs({ ...memory, bytes: blobBytes });
  const check = new EpochCheck(epochs, { age, now });
  const ahead = epochs.ahead &&
    new ReadAhead(epochs.ahead, { manifests, blobs: readers, cacheable: reopening });

  function getByDigest(
    repository: RepositoryName,
    digest: Digest,
    epoch: string,
  ): Manifest | Promise<Manifest> {
    const read = () => registry.getManifest(repository, { digest });
    return manifests.get(keyOf(repository, digest), read, epoch);
  }

  function target(repository: RepositoryName, tag: Tag, exact: boolean): Promise<Target> {
    if (!check.hasAge) return check.target(repository, tag);
    // HEAD and GET share no read: only GET accepts an epoch that was read earlier.
    const suffix = exact ? " exact" : "";
    return targets.get(`${repository}:${tag}${suffix}`, () => readTarget(repository, tag, exact));
  }

  async function readTarget(repository: RepositoryName, tag: Tag, exact: boolean): Promise<Target> {
    // The epoch is mostly known without a read.
    const [digest, epoch] = await Promise.all([
      registry.resolveTag(repository, tag),
      check.current(repository, exact),
    ]);
    return { digest, epoch };
  }

  async function getByTag(repository: RepositoryName, tag: Tag, exact: boolean): Promise<Manifest> {
    const { digest, epoch } = await target(repository, tag, exact);
    try {
      return await answer(repository, digest, { epoch, exact });
    } catch (error) {
      // The tag was moved, and its old target deleted, in between.
      if (isUnknown(error)) return await registry.getManifest(repository, { tag });
      throw error;
    }
  }

  /** Manifest of this epoch. A client that gets it requests its content next. */
  function answer(
    repository: RepositoryName,
    digest: Digest,
    { epoch, exact }: { epoch: string; exact: boolean },
  ): Manifest | Promise<Manifest> {
    const manifest = getByDigest(repository, digest, epoch);
    if (ahead === undefined || exact) return manifest;
    return Promise.resolve(manifest).then((found) => {
      ahead.after(repository, found, epoch);
      return found;
    });
  }

  /** HEAD always reads. GETs use the result if the epoch has not changed since the one that was read last. */
  async function statBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader> {
    const epoch = check.last(repository);
    const read = () => registry.statBlob(repository, digest);
    return epoch === undefined ? await read() : await renewBlob(repository, digest, read, epoch);
  }

  /** Finds out which object the blob has, by one read: of the epoch if the blob is cached, otherwise of the blob. */
  async function findBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader> {
    const key = keyOf(repository, digest);
    const read = () => registry.getBlob(repository, digest);
    const last = check.last(repository);
    if (check.isFree || last !== undefined && readers.knows(key, last)) {
      const epoch = await check.current(repository, false);
      return await readers.get(key, async () => reopening(repository, await read()), epoch);
    }
    return await gets.get(key, () => last === undefined ? read() : renewBlob(repository, digest, read, last));
  }

  /** Reads the blob and caches it. The epoch was known before. */
  function renewBlob(
    repository: RepositoryName,
    digest: Digest,
    read: () => Promise<BlobReader>,
    epoch: string,
  ): Promise<BlobReader> {
    return readers.renew(keyOf(repository, digest), async () => reopening(repository, await read()), epoch);
  }

  /** Reader to be cached: its object may be collected meanwhile, and the blob pushed again as another object. */
  function reopening(repository: RepositoryName, reader: BlobReader): BlobReader {
    return {
      ...reader,
      async open(range) {
        try {
          return await reader.open(range);
        } catch (error) {
          if (!isUnknown(error)) throw error;
          readers.drop(keyOf(repository, reader.digest));
          return await (await registry.getBlob(repository, reader.digest)).open(range);
        }
      },
    };
  }

  /** Even a delete that failed may have been done. */
  async function deleting<T>(repository: RepositoryName, done: Promise<T>): Promise<T> {
    try {
      return await done;
    } finally {
      check.forget(repository);
    }
  }

  const reads: Reader = {
    resolveTag: (repository, tag) =>
      tags.get(`${repository}:${tag}`, () => registry.resolveTag(repository, tag)),

    getManifest(repository, reference, { exact = false } = {}) {
      if ("tag" in reference) return getByTag(repository, reference.tag, exact);
      return check.current(repository, exact).then((epoch) =>
        answer(repository, reference.digest, { epoch, exact })
      );
    },

    statBlob: (repository, digest) =>
      heads.get(keyOf(repository, digest), () => statBlob(repository, digest)),

    getBlob: async (repository, digest) => await smallBlobs.of(await findBlob(repository, digest)),
  };
  return {
    over: (writes) => ({
      ...writes,
      ...reads,
      deleteManifest: (repository, ...rest) =>
        deleting(repository, writes.deleteManifest(repository, ...rest)),
      deleteBlob: (repository, ...rest) => deleting(repository, writes.deleteBlob(repository, ...rest)),
      deleteRepository: (repository, ...rest) =>
        deleting(repository, writes.deleteRepository(repository, ...rest)),
    }),
  };
}

function isUnknown(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}
