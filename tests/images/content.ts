import { createHash } from "node:crypto";
import type { Descriptor, DigestAlgorithm } from "../../oci/mod.ts";

/** Content of a descriptor. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A descriptor as the images of these tests write it: more than a registry looks into (image-spec, descriptor.md). */
export interface ImageDescriptor extends Descriptor {
  urls?: string[];
  platform?: { architecture: string; os: string; variant?: string };
}

/** The digest of these bytes. */
export function digestOfBytes(bytes: Bytes, algorithm: DigestAlgorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** Manifests and blobs by their digests, as a registry or an OCI layout holds them. */
export class Content {
  readonly #bytes = new Map<string, Bytes>();

  /** @param algorithm What everything added is identified by, unless the call says otherwise. */
  constructor(readonly algorithm: DigestAlgorithm = "sha256") {}

  /** Takes the bytes in and describes them. */
  add(mediaType: string, bytes: Bytes, algorithm = this.algorithm): ImageDescriptor {
    const digest = digestOfBytes(bytes, algorithm);
    this.#bytes.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** Takes in the JSON text of `value`. */
  addJson(mediaType: string, value: unknown): ImageDescriptor {
    return this.add(mediaType, new TextEncoder().encode(JSON.stringify(value)));
  }

  /** True if it is here: the bytes of a foreign layer are not. */
  has(digest: string): boolean {
    return this.#bytes.has(digest);
  }

  /** @throws {RangeError} Where there is nothing under this digest. */
  get(digest: string): Bytes {
    const bytes = this.#bytes.get(digest);
    if (bytes === undefined) throw new RangeError(`Cannot find content "${digest}"`);
    return bytes;
  }

  /** Digests and bytes in the order in which they were added. */
  entries(): IterableIterator<[string, Bytes]> {
    return this.#bytes.entries();
  }
}
