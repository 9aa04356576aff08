import type { Reference } from "../oci/mod.ts";
import { isObject } from "./json.ts";
import { ENVELOPE, SIMPLE_SIGNING } from "./cosign/mod.ts";

/** Media types of a `config` that configures nothing, so no program runs the manifest. */
const EMPTY_CONFIGS = [
  undefined,
  "application/vnd.oci.empty.v1+json",
  "application/vnd.cncf.notary.signature",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  "application/vnd.dev.cosign.artifact.att.v1+json",
  "application/vnd.dev.cosign.artifact.sbom.v1+json",
];

/** Media types of filesystem layers of images. */
const FILESYSTEM_LAYER = /^application\/vnd\.(oci\.image\.layer|docker\.(image\.rootfs|container\.image))\b/i;

/** Tag of the index of a manifest's referrers (distribution-spec, "Referrers Tag Schema"). notation always pushes it. */
const REFERRERS_TAG = /^sha256-[0-9a-f]{64}$/;

/** Tag under which cosign keeps what belongs to a manifest. */
const COSIGN_TAG = /^sha256-[0-9a-f]{64}\.(sig|att|sbom)$/;

/**
 * True if the manifest is what clients read before they trust another one, or beside it: a signature, an attestation, an
 * SBOM. It needs no signature of its own.
 *
 * Clients with the right to push choose a manifest's `subject`, so it proves nothing: an unsigned image could name one. A
 * manifest that a program would run or unpack is none: its config must be empty, and it may have no filesystem. A
 * referrer is read by its digest, which a list of referrers names; by an ordinary tag it is content like any other.
 */
export function isAttachment(bytes: Uint8Array, reference: Reference): boolean {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return false;
  }
  if (!isObject(document)) return false;
  // Such an index has no content of its own, and covers none: it is not signed, so its children need signatures.
  if (Object.hasOwn(document, "manifests")) return "tag" in reference && REFERRERS_TAG.test(reference.tag);
  const layers = layerTypes(document);
  if (layers.some((type) => FILESYSTEM_LAYER.test(type))) return false;
  if (isOfCosign(layers)) return !("tag" in reference) || COSIGN_TAG.test(reference.tag);
  const config = isObject(document.config) ? document.config.mediaType : undefined;
  return isObject(document.subject) && !("tag" in reference) &&
    EMPTY_CONFIGS.includes(config as string | undefined);
}

function layerTypes({ layers, blobs }: Record<string, unknown>): string[] {
  const all: unknown[] = [layers, blobs].flatMap((list) => Array.isArray(list) ? list : []);
  return all.map((layer) => isObject(layer) ? String(layer.mediaType) : "");
}

/** Signatures of cosign before version 3 have the config of an image, but layers that no program unpacks. */
function isOfCosign(layers: string[]): boolean {
  return layers.length > 0 && layers.every((type) => type === SIMPLE_SIGNING || type === ENVELOPE);
}
