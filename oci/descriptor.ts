import { createHash } from "node:crypto";
import { algorithmOf, isDescriptorDigest, isDigest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import { isObject, type ObjectShape, objectShape } from "./json.ts";

/** Reference to content by its digest (image-spec, descriptor.md): the members that a registry reads. */
export interface Descriptor {
  /** Media type of the content, unchecked. */
  mediaType: string;
  /** May be of an algorithm that this registry cannot compute. */
  digest: string;
  /** Bytes. */
  size: number;
  /** Type of the artifact, if the descriptor names an artifact manifest. */
  artifactType?: string;
  /** Annotations of the content, in a list of referrers. */
  annotations?: Record<string, string>;
}

/** Members of a descriptor whose type is checked while the JSON is parsed. */
export const DESCRIPTOR_SHAPE: ObjectShape = objectShape({
  mediaType: "any",
  digest: "any",
  size: "integer",
  urls: "any",
  annotations: "any",
  data: "any",
  artifactType: "any",
  platform: objectShape({
    architecture: "any",
    os: "any",
    "os.version": "any",
    "os.features": "any",
    variant: "any",
    features: "any",
  }),
});

/**
 * Media type, digest and size of the descriptor at `place` of a manifest. `place` appears in error messages.
 *
 * Accepts unknown media types, as image-spec requires, digests of unknown algorithms, and every platform: attestations
 * use `unknown/unknown`. `urls` is ignored.
 *
 * @throws {RegistryError} `DIGEST_INVALID` for a malformed digest, `MANIFEST_INVALID` for any other defect.
 */
export function parseDescriptor(value: unknown, place: string): Descriptor {
  const { mediaType, digest, size, data } = isObject(value) ? value : {};
  if (typeof mediaType !== "string" || mediaType === "") throw invalid(place, "has no media type");
  if (typeof digest !== "string" || !isDescriptorDigest(digest)) {
    throw new RegistryError("DIGEST_INVALID", `Descriptor at ${place} has no digest or a malformed one`);
  }
  if (!Number.isSafeInteger(size) || Number(size) < 0) throw invalid(place, "has no size");
  const descriptor = { mediaType, digest, size: Number(size) };
  if (data !== undefined && data !== null) checkData(data, descriptor, place);
  return descriptor;
}

/**
 * Rejects embedded content that does not match the descriptor (image-spec, descriptor.md): clients that use it would
 * get other bytes than clients that fetch the digest.
 */
function checkData(data: unknown, { digest, size }: Descriptor, place: string): void {
  const content = decodeBase64(data);
  if (content === undefined) throw invalid(place, "has data that is not base64");
  if (content.length !== size) throw invalid(place, "has data of the wrong size");
  if (!isDigest(digest)) return;
  const algorithm = algorithmOf(digest);
  if (`${algorithm}:${createHash(algorithm).update(content).digest("hex")}` !== digest) {
    throw invalid(place, "has data with the wrong digest");
  }
}

function decodeBase64(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

function invalid(place: string, problem: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `Descriptor at ${place} ${problem}`);
}
