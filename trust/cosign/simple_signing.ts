import type { Digest } from "../../oci/mod.ts";
import { isObject, parseJson } from "../json.ts";

/** Media type of the payload that cosign signs: a layer of the signature's manifest. */
export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";

/** Annotation of the layer with the signature, in base64. */
export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";

const PAYLOAD_TYPES = ["cosign container image signature", "atomic container signature"];

/**
 * Rejects a payload that does not name the manifest. Its `docker-reference` is where the image was at that time, and
 * says nothing about where it may be: images are copied together with their signatures.
 *
 * @throws {TypeError} with the reason.
 */
export function assertPayloadFor(payload: Uint8Array, digest: Digest): void {
  let document: unknown;
  try {
    document = parseJson(payload);
  } catch {
    throw new TypeError("Payload is not JSON");
  }
  const critical = isObject(document) && isObject(document.critical) ? document.critical : {};
  if (!PAYLOAD_TYPES.includes(String(critical.type))) {
    throw new TypeError("Payload is not a signature of an image");
  }
  const image = isObject(critical.image) ? critical.image : {};
  if (image["docker-manifest-digest"] !== digest) {
    throw new TypeError(`Signed for another manifest than ${digest}`);
  }
}
