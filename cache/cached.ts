import { type Digest, RegistryError, type RepositoryName, type Tag } from "../oci/mod.ts";
import type { Epochs } from "../registry/mod.ts";
import type { BlobReader, Manifest, Registry } from "../registry/interface.ts";
import { EpochCheck } from "./epoch_check.ts";
import { TtlCache } from "../storage/ttl_cache.ts";
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

/** Target of a tag, with the epoch of the repository. */
interface Target {
  digest: Digest;
  epoch: string;
}

/** Maximum size of a cached manifest: a few larger ones would evict everything else. */
const MAX_MANIFEST_BYTES = 1_048_576;

/** Approximate size of a cached manifest beside its bytes, in bytes, with its prepared answer. */
const OVERHEAD_BYTES = 2048;

/**
 * Registry with a cache of manifests by digest, which only a deletion invalidates. Before it answers from the cache it
 * checks that the repository's epoch is the one of the entry, so a deletion is effective in every process once it is
 * acknowledged. Retention may have condemned a cached manifest meanwhile, which leaves it for the grace period.
 *
 * The bytes of small blobs are cached by digest. The existence of a blob in a repository is cached only if the check of
 * the epoch needs no read: otherwise the cache would save nothing, and each GET reads it. The target of a tag and the
 * existence of a blob for HEAD, which renews the blob's link, are always read. Concurrent callers share each read.
 */
export function cached(registry: Registry, epochs: Epochs, options: CacheOptions = {}): Registry {
  const { age = 0, share = 1 } = options;
  const {
    count = Math.ceil(16_384 * share),
    manifestBytes = Math.ceil(24 * 1_048_576 * share),
    blobBytes = Math.ceil(8 * 1_048_576 * share),
  } = options;
  const now = steady(options.now ?? Date.now);
  const memory = { age: epochs.mostAge, now, count };
  const manifests = new TtlCache<Manifest>({
    ...memory,
    weight: manifestBytes,
    heaviest: MAX_MANIFEST_BYTES + OVERHEAD_BYTES,
    weigh: ({ bytes }) => bytes.byteLength + OVERHEAD_BYTES,
  });
  const readers = new TtlCache<BlobReader>(memory);
  const tags = new SharedReads<Digest>();
  const targets = new SharedReads<Target>();
  const heads = new SharedReads<BlobReader>();
  const gets = new SharedReads<BlobReader>();
  const smallBlobs = new SmallBlobs({ ...memory, bytes: blobBytes });
  const check = new EpochCheck(epochs, { age, now });

  function getByDigest(
    repository: RepositoryName,
    digest: Digest,
    epoch: string,
  ): Manifest | Promise<Manifest> {
    const read = () => registry.getManifest(repository, { digest });
    return manifests.get(keyOf(repository, digest), read, epoch);
  }

  /** Target of the tag, and the epoch from a read that is not older. */
  function target(repository: RepositoryName, tag: Tag, exact: boolean): Promise<Target> {
    // HEAD and GET share one read, unless only GET accepts an epoch that was read earlier.
    const suffix = exact && check.isFree ? " exact" : "";
    return targets.get(`${repository}:${tag}${suffix}`, () => readTarget(repository, tag, exact));
  }

  async function readTarget(repository: RepositoryName, tag: Tag, exact: boolean): Promise<Target> {
    if (!check.isFree) return await epochs.readWithTag(repository, tag);
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
      return await getByDigest(repository, digest, epoch);
    } catch (error) {
      // The tag was moved, and its old target deleted, in between.
      if (isUnknown(error)) return await registry.getManifest(repository, { tag });
      throw error;
    }
  }

  /** HEAD always reads. GETs use the result if the epoch of the read is known. */
  async function statBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader> {
    const epoch = await check.known(repository);
    const read = () => registry.statBlob(repository, digest);
    if (epoch === undefined) return await read();
    return await readers.renew(keyOf(repository, digest), () => reopening(repository, digest, read), epoch);
  }

  /** Reads which object the blob has. */
  async function findBlob(repository: RepositoryName, digest: Digest): Promise<BlobReader> {
    const key = keyOf(repository, digest);
    const read = () => registry.getBlob(repository, digest);
    if (!check.isFree) return await gets.get(key, read);
    const epoch = await check.current(repository, false);
    return await readers.get(key, () => reopening(repository, digest, read), epoch);
  }

  /** Reader to be cached: its object may be collected meanwhile, and the blob pushed again as another object. */
  async function reopening(
    repository: RepositoryName,
    digest: Digest,
    read: () => Promise<BlobReader>,
  ): Promise<BlobReader> {
    const reader = await read();
    return {
      ...reader,
      async open(range) {
        try {
          return await reader.open(range);
        } catch (error) {
          if (!isUnknown(error)) throw error;
          readers.drop(keyOf(repository, digest));
          return await (await registry.getBlob(repository, digest)).open(range);
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

  return {
    ...registry,

    // The key is unique, because a repository name contains no colon.
    resolveTag: (repository, tag) =>
      tags.get(`${repository}:${tag}`, () => registry.resolveTag(repository, tag)),

    getManifest(repository, reference, { exact = false } = {}) {
      if ("tag" in reference) return getByTag(repository, reference.tag, exact);
      return check.current(repository, exact).then((epoch) =>
        getByDigest(repository, reference.digest, epoch)
      );
    },

    statBlob: (repository, digest) =>
      heads.get(keyOf(repository, digest), () => statBlob(repository, digest)),

    getBlob: async (repository, digest) => await smallBlobs.of(await findBlob(repository, digest)),

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
 * Time that never goes back: adds up the forward steps of the clock. `Date.now` costs a third of `performance.now`, and
 * includes the time in which the machine is suspended.
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
