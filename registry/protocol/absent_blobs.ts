import type { Digest } from "../../oci/mod.ts";
import { BoundedMap } from "../../storage/bounded_map.ts";

/** Maximum digests in memory. */
const MAX_DIGESTS = 1024;

/**
 * Blobs of which this process has just seen that they have no item, because clients check before they push. Such a blob
 * may exist by now, but it is young.
 */
export class AbsentBlobs {
  readonly #seen = new BoundedMap<Digest, number>(MAX_DIGESTS);
  readonly #ttlMs: number;
  readonly #now: () => number;

  /** Remembers each blob for `ttlMs` milliseconds of the clock `now`. */
  constructor(ttlMs: number, now: () => number) {
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  /** Remembers that a consistent read has found no item of the blob. */
  note(digest: Digest): void {
    this.#seen.set(digest, this.#now());
  }

  /** True if the blob was absent a moment ago. Forgets it, because the caller is about to put it. */
  take(digest: Digest): boolean {
    const seenAt = this.#seen.get(digest);
    this.#seen.delete(digest);
    return seenAt !== undefined && Math.abs(this.#now() - seenAt) <= this.#ttlMs;
  }
}
