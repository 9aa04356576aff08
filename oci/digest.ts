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

/** Whether `text` is one of the algorithms that content may be identified by. */
export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === "sha256" || text === "sha512";
}

/** Whether `text` follows the grammar of image-spec, whatever its algorithm: what a descriptor may carry. */
export function isDigestGrammar(text: string): boolean {
  return text.length <= 1024 && GRAMMAR.test(text);
}

/**
 * Whether `text` is a digest that a descriptor may carry: one that may identify content here, or one that follows the
 * grammar and is of an algorithm unknown here, which image-spec wants to pass.
 */
export function isDescriptorDigest(text: string): boolean {
  return isDigest(text) || isForeignDigest(text);
}

/** Whether `text` is a digest of an algorithm that this registry cannot compute. */
export function isForeignDigest(text: string): boolean {
  return isDigestGrammar(text) && !isDigestAlgorithm(text.slice(0, text.indexOf(":")));
}

/** Whether `text` is a digest that may identify content here. */
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
 * @throws {RegistryError} `DIGEST_INVALID` where the grammar is broken or the algorithm is not supported.
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
