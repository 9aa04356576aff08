import { createHash, type Hash } from "node:crypto";
import type { IHasher } from "hash-wasm";
import type { DigestAlgorithm } from "../../oci/mod.ts";
import type { PrefixHash } from "../items/mod.ts";
import type { LiveHashes } from "./live_hashes.ts";

/** Hashes the bytes of an upload as they come, from the first one on. */
export interface PrefixHasher {
  /** Takes the next bytes. */
  update(bytes: Uint8Array): void;
  /** The hash of everything taken, `offset` bytes in all. Nothing may be taken afterwards. */
  finish(offset: number): PrefixHash;
}

/** Facts about the bytes that follow. */
export interface HasherOptions {
  /** The upload. */
  id: string;
  /** Expected algorithm of the digest. */
  algorithm: DigestAlgorithm;
  /** Bytes that the upload has already. */
  offset: number;
  /** The hash of these bytes. */
  hash: PrefixHash | undefined;
  /** True if the client announces chunks (`Content-Range`), so that more bodies will follow. */
  chunked: boolean;
}

/**
 * Hasher for the next body of an upload; `undefined` if the hash of the bytes before it cannot be continued, so that
 * the whole object is read back before the commit.
 *
 * `node:crypto` is about nine times as fast as `hash-wasm`, but its state exists only in this process. So it is used
 * for a body that may be the whole blob, and for announced chunks as long as the next one is expected here too.
 * Otherwise `hash-wasm` is used, whose state (116 bytes for SHA-256) any process can continue.
 */
export async function createPrefixHasher(
  live: LiveHashes,
  { id, algorithm, offset, hash, chunked }: HasherOptions,
): Promise<PrefixHasher | undefined> {
  const at = { live, id };
  if (offset === 0) {
    const lasting = chunked && !live.stay;
    return lasting ? await continuable(at, algorithm) : nativeHasher(at, algorithm, createHash(algorithm));
  }
  if (hash?.offset !== offset) return undefined;
  const found = live.find(id, hash);
  if (found !== undefined) return nativeHasher(at, hash.algorithm, found);
  return hash.state === undefined ? undefined : await continuable(at, hash.algorithm, hash.state);
}

/** Upload, and the memory of its hash in this process. */
interface Place {
  live: LiveHashes;
  id: string;
}

function nativeHasher({ live, id }: Place, algorithm: DigestAlgorithm, hash: Hash): PrefixHasher {
  return {
    update: (bytes) => void hash.update(bytes),
    finish(offset) {
      const hex = hash.copy().digest("hex");
      live.keep(id, hex, hash);
      return { algorithm, offset, hex };
    },
  };
}

function continuableHasher({ live, id }: Place, algorithm: DigestAlgorithm, hash: IHasher): PrefixHasher {
  return {
    update: (bytes) => void hash.update(bytes),
    finish(offset) {
      const state = hash.save().toBase64();
      const hex = hash.digest("hex");
      live.keep(id, hex);
      return { algorithm, offset, hex, state };
    },
  };
}

/** Hasher that continues from `state`, or starts; `undefined` if the state is of another build of the library. */
async function continuable(
  place: Place,
  algorithm: DigestAlgorithm,
  state?: string,
): Promise<PrefixHasher | undefined> {
  // Loaded when first needed: most processes never see a chunked upload, and all of them start.
  const { createSHA256, createSHA512 } =
    // @ts-types="hash-wasm"
    await import("hash-wasm/dist/index.esm.js");
  const hash = await (algorithm === "sha256" ? createSHA256() : createSHA512());
  hash.init();
  if (state !== undefined) {
    try {
      hash.load(Uint8Array.fromBase64(state));
    } catch {
      return undefined;
    }
  }
  return continuableHasher(place, algorithm, hash);
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
