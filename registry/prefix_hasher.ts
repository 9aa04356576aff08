import { createHash, type Hash } from "node:crypto";
import type { IHasher } from "hash-wasm";
import type { DigestAlgorithm } from "../oci/digest.ts";
import type { PrefixHash } from "./items.ts";

/** Hashes the bytes of an upload as they come, from the first one on. */
export interface PrefixHasher {
  /** Takes the next bytes. */
  update(bytes: Uint8Array): void;
  /** The hash of everything taken, `offset` bytes in all. Nothing may be taken afterwards. */
  finish(offset: number): PrefixHash;
}

/** What is known of the bytes that are about to come. */
export interface HasherOptions {
  /** What the digest will be of, as far as anybody knows. */
  algorithm: DigestAlgorithm;
  /** Bytes that the upload has already. */
  offset: number;
  /** The hash of these bytes. */
  hash: PrefixHash | undefined;
  /** Whether the client announces chunks (`Content-Range`), so that more are to be expected after this body. */
  chunked: boolean;
}

/**
 * The hasher for the next body of an upload; `undefined` where the bytes before it can't be continued from, so that the
 * whole has to be read back before it is committed.
 *
 * A body that may well be the whole blob takes `node:crypto`, which is about nine times as fast and can't be continued
 * by another process. Announced chunks take `hash-wasm`, whose state can be kept (116 bytes for SHA-256).
 */
export async function createPrefixHasher(options: HasherOptions): Promise<PrefixHasher | undefined> {
  const { algorithm, offset, hash, chunked } = options;
  if (offset === 0) return chunked ? await continuable(algorithm) : new NativeHasher(algorithm);
  if (hash?.offset !== offset || hash.state === undefined) return undefined;
  return await continuable(hash.algorithm, hash.state);
}

class NativeHasher implements PrefixHasher {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: Hash;

  constructor(algorithm: DigestAlgorithm) {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  finish(offset: number): PrefixHash {
    return { algorithm: this.#algorithm, offset, hex: this.#hash.digest("hex") };
  }
}

class ContinuableHasher implements PrefixHasher {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: IHasher;

  constructor(algorithm: DigestAlgorithm, hash: IHasher) {
    this.#algorithm = algorithm;
    this.#hash = hash;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  finish(offset: number): PrefixHash {
    const state = this.#hash.save().toBase64();
    return { algorithm: this.#algorithm, offset, hex: this.#hash.digest("hex"), state };
  }
}

/** A hasher that goes on from `state`, or begins; `undefined` where the state is of another build of the library. */
async function continuable(algorithm: DigestAlgorithm, state?: string): Promise<PrefixHasher | undefined> {
  // Loaded when first needed: most processes never see a chunked upload, and all of them start.
  const { createSHA256, createSHA512 } = await import("hash-wasm");
  const hash = await (algorithm === "sha256" ? createSHA256() : createSHA512());
  hash.init();
  if (state !== undefined) {
    try {
      hash.load(Uint8Array.fromBase64(state));
    } catch {
      return undefined;
    }
  }
  return new ContinuableHasher(algorithm, hash);
}

/** The hash of all the bytes, in lower-case hexadecimal. */
export async function hashStream(
  algorithm: DigestAlgorithm,
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
