import type { BlobReader, Manifest, Registry } from "../registry/interface.ts";
import { SharedReads } from "./shared_reads.ts";
import { SmallBlobs } from "./small_blobs.ts";

/** Options of {@linkcode sharedGets}. */
export interface SharedGetsOptions {
  /** Fraction of the default limits, for one of several processes that share them. */
  share: number;
  /** Maximum milliseconds of bytes in memory. */
  age: number;
  /** A clock in milliseconds that begins above 0 and never goes back. */
  now?: () => number;
}

/**
 * Registry whose concurrent GETs of the same content share a read, and that keeps the bytes of small blobs in memory.
 * For a registry whose answers must not be cached: whether content exists is asked for every request.
 */
export function sharedGets(
  registry: Registry,
  { share, age, now = () => performance.now() }: SharedGetsOptions,
): Registry {
  const manifests = new SharedReads<Manifest>();
  const blobs = new SharedReads<BlobReader>();
  const smallBlobs = new SmallBlobs({
    age,
    now,
    count: Math.ceil(16_384 * share),
    bytes: Math.ceil(8 * 1_048_576 * share),
  });
  return {
    ...registry,

    getManifest(repository, reference, options) {
      if (options?.exact) return registry.getManifest(repository, reference, options);
      // A repository name has no space, a tag no colon, and a digest has one.
      const name = "tag" in reference ? reference.tag : reference.digest;
      return manifests.get(
        `${repository} ${name}`,
        () => registry.getManifest(repository, reference, options),
      );
    },

    async getBlob(repository, digest) {
      const read = () => registry.getBlob(repository, digest);
      return await smallBlobs.of(await blobs.get(`${repository} ${digest}`, read));
    },
  };
}
