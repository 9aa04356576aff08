import type { Hash } from "node:crypto";
import { BoundedMap } from "../../storage/bounded_map.ts";
import type { PrefixHash } from "../items/mod.ts";

/** Maximum uploads in memory; each takes some hundred bytes. */
const MAX_UPLOADS = 1024;

/** Chunks in a row that must reach this process before the next one is expected here too. */
const MIN_CHUNKS_IN_A_ROW = 16;

/** Hash of an upload's bytes in this process. */
interface LiveHash {
  hex: string;
  hash: Hash | undefined;
}

/**
 * Hashes of uploads that exist only in this process and cannot be stored. They are useful if all requests of an upload
 * reach one process: because it is the only one, or because a load balancer is sticky. The class observes that: it
 * assumes stickiness until a chunk arrives whose predecessor reached another process.
 */
export class LiveHashes {
  readonly #hashes = new BoundedMap<string, LiveHash>(MAX_UPLOADS);
  #stayed = MIN_CHUNKS_IN_A_ROW;

  /** True if the next chunk of an upload will probably reach the same process as the one before. */
  get stay(): boolean {
    return this.#stayed >= MIN_CHUNKS_IN_A_ROW;
  }

  /**
   * Remembers how many bytes of the upload are hashed here; without `hash` only that they were. The caller must not add
   * to `hash` any more.
   */
  keep(id: string, hex: string, hash?: Hash): void {
    this.#hashes.set(id, { hex, hash });
  }

  /**
   * Finds the hash for a chunk of an upload whose bytes have this hash, if exactly these bytes were hashed here last.
   * Answers a copy, because several chunks may continue from the same offset, and only one of them succeeds.
   */
  find(id: string, { hex }: Pick<PrefixHash, "hex">): Hash | undefined {
    const known = this.#hashes.get(id);
    const isOurs = known?.hex === hex;
    this.#stayed = isOurs ? this.#stayed + 1 : 0;
    return isOurs ? known.hash?.copy() : undefined;
  }
}
