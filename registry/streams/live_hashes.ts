import type { Hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { PrefixHash } from "../items/mod.ts";

/** Of how many uploads it is remembered how far they were hashed here; each is some hundred bytes. */
const MAX_UPLOADS = 1024;

/** So many times in a row the next chunk has to have come here before the one after it is expected here, too. */
const MIN_STAYED = 16;

/** How far the bytes of an upload were hashed by this process. */
interface LiveHash {
  hex: string;
  hash: Hash | undefined;
}

/**
 * The hashes of uploads that stand in this process and can't be written down. They are worth having where all requests of
 * an upload come to one process, because there is no other; or because of what stands before several. Whether that is so
 * shows: it is believed as long as no chunk comes here whose predecessor went elsewhere.
 */
export class LiveHashes {
  readonly #hashes = new LRUCache<string, LiveHash>({ max: MAX_UPLOADS });
  #stayed = MIN_STAYED;

  /** True if the next chunk of an upload will probably reach the same process as the one before. */
  get stay(): boolean {
    return this.#stayed >= MIN_STAYED;
  }

  /**
   * Remembers how many bytes of the upload are hashed here; without `hash` only that they were. The caller must not add
   * to `hash` any more.
   */
  keep(id: string, hex: string, hash?: Hash): void {
    this.#hashes.set(id, { hex, hash });
  }

  /**
   * A chunk comes for an upload whose bytes have this hash. Answers how to go on, where these very bytes were hashed here
   * last: by a copy, since several chunks may be at the same place and all but one of them in vain.
   */
  find(id: string, { hex }: Pick<PrefixHash, "hex">): Hash | undefined {
    const known = this.#hashes.get(id);
    const isOurs = known?.hex === hex;
    this.#stayed = isOurs ? this.#stayed + 1 : 0;
    return isOurs ? known.hash?.copy() : undefined;
  }
}
