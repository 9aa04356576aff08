import { createHash } from "node:crypto";
import { algorithmOf, digestOf } from "../oci/mod.ts";
import { type BlobReader, MAX_SMALL_BLOB_BYTES } from "../registry/interface.ts";
import { UnavailableError } from "../storage/ports.ts";
import { TtlCache, type TtlCacheOptions } from "../storage/ttl_cache.ts";

/** Approximate size of a cached blob beside its bytes, in bytes, with its prepared answer. */
const OVERHEAD_BYTES = 2048;

/** Options of {@linkcode SmallBlobs}. */
export interface SmallBlobsOptions extends Pick<TtlCacheOptions<BlobReader>, "age" | "count" | "now"> {
  /** Maximum bytes of all cached blobs. */
  bytes: number;
}

/**
 * Cache of the bytes of small blobs, by digest. The bytes of a digest never change, so no deletion ends them; and they
 * say nothing about a repository. The caller must know by the rules of its own cache that the repository has the blob.
 */
export class SmallBlobs {
  readonly #contents: TtlCache<BlobReader>;

  /** Nothing yet. */
  constructor({ bytes, ...memory }: SmallBlobsOptions) {
    this.#contents = new TtlCache({
      ...memory,
      name: "small-blobs",
      weight: bytes,
      weigh: ({ size }) => size + OVERHEAD_BYTES,
    });
  }

  /** The blob with its bytes, from the cache or read now; a larger blob as it is. Fails as `open` does. */
  async of(blob: BlobReader): Promise<BlobReader> {
    if (blob.size > MAX_SMALL_BLOB_BYTES) return blob;
    return await this.#contents.get(blob.digest, () => readWhole(blob));
  }
}

/**
 * Reads and verifies a blob.
 *
 * @throws {UnavailableError} if the store breaks off.
 * @throws {Error} if the bytes are wrong.
 */
async function readWhole({ digest, size, open }: BlobReader): Promise<BlobReader> {
  const stream = await open();
  let bytes;
  try {
    bytes = await new Response(stream).bytes();
  } catch (error) {
    throw new UnavailableError(`read blob "${digest}"`, error);
  }
  const algorithm = algorithmOf(digest);
  if (digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex")) !== digest) {
    throw new Error(`Cannot serve blob "${digest}": its object has other bytes (run \`skerry scrub\`)`);
  }
  const slice = ({ first, last } = { first: 0, last: size - 1 }) =>
    new Blob([bytes.subarray(first, last + 1)]);
  return { digest, size, bytes, open: (range) => Promise.resolve(slice(range).stream()) };
}
