import type { Branded } from "./brand.ts";
import { RegistryError } from "./errors.ts";

/** A digest that this registry can compute, so that it may be the identity of content (image-spec, descriptor.md). */
export type Digest = Branded<"Digest">;

/** The algorithms that content may be identified by. */
export type DigestAlgorithm = "sha256" | "sha512";

/** Lower-case hexadecimal digits in the encoded part, by algorithm. */
const HEX_LENGTH: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const HEX = /^[a-f0-9]+$/;

/** True if `text` is an algorithm that this registry can compute. */
export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === "sha256" || text === "sha512";
}

/** True if `text` follows the digest grammar of image-spec, with any algorithm. At most 1024 characters. */
export function isDigestGrammar(text: string): boolean {
  return text.length <= 1024 && GRAMMAR.test(text);
}

/**
 * True if `text` may be the digest of a descriptor: a digest of this registry, or one that follows the grammar and has
 * an unknown algorithm, which image-spec requires to accept.
 */
export function isDescriptorDigest(text: string): boolean {
  return isDigest(text) || isForeignDigest(text);
}

/** True if `text` follows the digest grammar and has an algorithm that this registry cannot compute. */
export function isForeignDigest(text: string): boolean {
  return isDigestGrammar(text) && !isDigestAlgorithm(text.slice(0, text.indexOf(":")));
}

/** True if `text` is a digest that can identify content in this registry: sha256 or sha512, lower-case hexadecimal. */
export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  if (!isDigestAlgorithm(algorithm)) return false;
  const encoded = text.slice(colon + 1);
  return encoded.length === HEX_LENGTH[algorithm] && HEX.test(encoded);
}

/**
 * The digest that identifies content.
 *
 * @throws {RegistryError} `DIGEST_INVALID` if the grammar is broken or the algorithm is not supported.
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError("DIGEST_INVALID", "Digest is malformed or its algorithm is not supported", {
    detail: { digest: text.slice(0, 256) },
  });
}

/** The algorithm of a digest. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

/** The digest with this algorithm and lower-case hexadecimal value. */
export function digestOf(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`);
}
