import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName, Tag } from "../oci/name.ts";
import type { BlobInfo, BlobReader, Manifest, Registry } from "../registry/registry.ts";
import { Facts } from "./facts.ts";
import { SharedReads } from "./shared_reads.ts";

/** What {@linkcode cached} takes. */
export interface CacheOptions {
  /** Milliseconds for which a deletion by another process may go unnoticed. */
  age: number;
  /** Bytes of all manifests that are remembered; 32 MiB by default. */
  manifestBytes?: number;
  /** A clock in milliseconds that begins above 0 and never goes back. */
  now?: () => number;
}

/** Manifests above this are read anew each time: a few of them would drive out everything else. */
const LARGEST_MANIFEST = 1_048_576;

/** What a remembered manifest takes beside its bytes, roughly, the answer that is kept ready with it included. */
const OVERHEAD = 2048;

/** Most manifests, and most blobs, that are remembered. */
const COUNT = 16_384;

/**
 * A registry that remembers manifests by their digest and that a blob is in a repository: facts that only a deletion can
 * end. What is deleted through it is gone at once; a deletion by another process may be noticed as late as `age` later.
 * Where a tag points is always read, once for all who ask at the same time, and so is everything else.
 *
 * A HEAD of a blob that is answered from memory does not renew the blob's link, so a link may be `age` older than it
 * looks to clients. The age is far below the grace time, and a push that relies on the link renews it. In the same way a
 * manifest from memory may have been marked by a retention since, which leaves it there for the grace time.
 */
export function cached(registry: Registry, options: CacheOptions): Registry {
  const { age, manifestBytes = 32 * 1_048_576, now = steadyClock() } = options;
  const manifests = new Facts<Manifest>({
    age,
    now,
    count: COUNT,
    weight: manifestBytes,
    heaviest: LARGEST_MANIFEST + OVERHEAD,
    weigh: ({ bytes }) => bytes.byteLength + OVERHEAD,
  });
  const infos = new Facts<BlobInfo>({ age, now, count: COUNT });
  const tags = new SharedReads<Digest>();
  const readers = new Facts<BlobReader>({ age, now, count: COUNT });

  const getByDigest = (repository: RepositoryName, digest: Digest) =>
    manifests.get(keyOf(repository, digest), () => registry.getManifest(repository, { digest }));

  // No two tags of two repositories make the same key: a name has no colon in it.
  const resolve = (repository: RepositoryName, tag: Tag) =>
    tags.get(`${repository}:${tag}`, () => registry.resolveTag(repository, tag));

  async function getByTag(repository: RepositoryName, tag: Tag): Promise<Manifest> {
    const digest = await resolve(repository, tag);
    try {
      return await getByDigest(repository, digest);
    } catch (error) {
      // The tag was moved, and what it pointed at deleted, in between.
      if (isUnknown(error)) return await registry.getManifest(repository, { tag });
      throw error;
    }
  }

  return {
    ...registry,

    resolveTag: resolve,

    getManifest(repository, reference) {
      if ("digest" in reference) return getByDigest(repository, reference.digest);
      return getByTag(repository, reference.tag);
    },

    statBlob: (repository, digest) =>
      infos.get(keyOf(repository, digest), () => registry.statBlob(repository, digest)),

    getBlob(repository, digest) {
      const key = keyOf(repository, digest);
      const read = () => registry.getBlob(repository, digest);
      return readers.get(key, async () => {
        const reader = await read();
        const { size } = reader;
        return { digest, size, open: (range) => openAnew(reader, range) };
      });

      /** What is remembered may have been collected meanwhile, and perhaps pushed again as another object. */
      async function openAnew(reader: BlobReader, range: Parameters<BlobReader["open"]>[0]) {
        try {
          return await reader.open(range);
        } catch (error) {
          if (!isUnknown(error)) throw error;
          readers.drop(key);
          infos.drop(key);
          return await (await read()).open(range);
        }
      }
    },

    async deleteManifest(repository, digest, changed) {
      // Even a delete that failed may have been done.
      try {
        await registry.deleteManifest(repository, digest, changed);
      } finally {
        manifests.drop(keyOf(repository, digest));
      }
    },

    async deleteBlob(repository, digest) {
      try {
        await registry.deleteBlob(repository, digest);
      } finally {
        infos.drop(keyOf(repository, digest));
        readers.drop(keyOf(repository, digest));
      }
    },

    async deleteRepository(repository, options) {
      try {
        return await registry.deleteRepository(repository, options);
      } finally {
        for (const facts of [manifests, infos, readers]) facts.dropAll(`${repository} `);
      }
    },
  };
}

/** Neither part has a space in it. */
function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository} ${digest}`;
}

function isUnknown(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}

/** `Date.now`, which is a third of the cost of `performance.now`, held where somebody sets the system's clock back. */
function steadyClock(): () => number {
  let latest = 0;
  return () => latest = Math.max(latest, Date.now());
}
