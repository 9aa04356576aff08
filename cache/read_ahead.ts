import type { Digest, RepositoryName } from "../oci/mod.ts";
import type { AheadReads } from "../registry/mod.ts";
import type { BlobReader, Manifest } from "../registry/interface.ts";
import type { TtlCache } from "../storage/ttl_cache.ts";
import { keyOf } from "./keys.ts";

/** Maximum batches in flight in the process. A further one is skipped: the requests then read one by one. */
const MAX_BATCHES_IN_FLIGHT = 4;

/** Caches that are filled ahead of the requests. */
export interface FilledCaches {
  /** Manifests by {@linkcode keyOf}. */
  manifests: TtlCache<Manifest>;
  /** Blobs by {@linkcode keyOf}. */
  blobs: TtlCache<BlobReader>;
  /** Form in which a blob is cached. */
  cacheable: (repository: RepositoryName, blob: BlobReader) => BlobReader;
}

/** A cache and the batch that fills it. */
interface Filling<V extends object> {
  cache: TtlCache<V>;
  digests: Digest[];
  batch: (digests: Digest[]) => Promise<Map<Digest, V>>;
}

/**
 * Reads what a client requests after a manifest: the children of an index, and which blobs the repository has. Once for
 * each cached manifest. A request decides by the epoch, as always, if it uses what was read ahead.
 */
export class ReadAhead {
  readonly #reads: AheadReads;
  readonly #caches: FilledCaches;
  readonly #done = new WeakSet<Manifest>();
  #inFlight = 0;

  /** Fills the caches by these reads. */
  constructor(reads: AheadReads, caches: FilledCaches) {
    this.#reads = reads;
    this.#caches = caches;
  }

  /** Begins once the answer with the manifest is out. `epoch` was known before: it is the epoch of all that is read. */
  after(repository: RepositoryName, manifest: Manifest, epoch: string): void {
    if (this.#done.has(manifest)) return;
    this.#done.add(manifest);
    setImmediate(() => {
      const { manifests, blobs } = this.#reads.next(manifest);
      const { manifests: manifestCache, blobs: blobCache, cacheable } = this.#caches;
      this.#fill(repository, epoch, {
        cache: manifestCache,
        digests: manifests,
        batch: (digests) => this.#reads.manifests(repository, digests),
      });
      this.#fill(repository, epoch, {
        cache: blobCache,
        digests: blobs,
        batch: async (digests) => {
          const found = await this.#reads.blobs(repository, digests);
          return new Map([...found].map(([digest, blob]) => [digest, cacheable(repository, blob)]));
        },
      });
    });
  }

  /** Concurrent requests of the same epoch share the batch. Its failure is none of theirs: they read themselves. */
  async #fill<V extends object>(
    repository: RepositoryName,
    epoch: string,
    { cache, digests, batch }: Filling<V>,
  ): Promise<void> {
    const wanted = digests.filter((digest) => !cache.knows(keyOf(repository, digest), epoch));
    if (wanted.length === 0 || this.#inFlight >= MAX_BATCHES_IN_FLIGHT) return;
    this.#inFlight++;
    const reading = batch(wanted);
    const read = async (digest: Digest) => {
      const value = (await reading).get(digest);
      if (value === undefined) throw new Error(`Cannot read "${digest}" ahead: it is not among the batch`);
      return value;
    };
    await Promise.allSettled(
      wanted.map((digest) => cache.renew(keyOf(repository, digest), () => read(digest), epoch)),
    );
    this.#inFlight--;
  }
}
