import type { Digest } from "../oci/mod.ts";
import { isObject } from "./json.ts";
import { ENVELOPE, SIMPLE_SIGNING } from "./cosign/mod.ts";
import { COSE_TYPE, JWS_TYPE } from "./notation/mod.ts";
import type { SignatureFormat } from "./report.ts";

/** Start of the media types of sigstore bundles of every version. */
const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.\d+\+json|\+json;version=0\.\d+)$/;

/** Artifact types of referrers that are signatures or signed attestations. */
export const SIGNATURE_TYPES: string[] = [
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "application/vnd.cncf.notary.signature",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  "application/vnd.dev.cosign.artifact.att.v1+json",
];

/** Maximum layers that are looked at in the manifest of a tag: cosign adds one for each signature. */
const MAX_LAYERS = 100;

/** A layer with a signature or a signed attestation. */
export interface SignatureLayer {
  /** Format of the signature. */
  readonly format: SignatureFormat;
  /** Media type of the layer. */
  readonly mediaType: string;
  /** Digest of the layer, unchecked. */
  readonly digest: string;
  /** Size of the layer in bytes, as the manifest says. */
  readonly size: number;
  /** Annotations of the layer. */
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** Parts of a manifest with signatures. */
export interface SignatureManifest {
  /** Digest of the subject, if the manifest has one. */
  readonly subject: string | undefined;
  /** Layers with signatures. */
  readonly layers: SignatureLayer[];
}

/** Signatures in the bytes of a stored manifest. */
export function readSignatureManifest(bytes: Uint8Array): SignatureManifest {
  const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const { subject, layers, blobs } = isObject(document) ? document : {};
  const all: unknown[] = Array.isArray(layers) ? layers : Array.isArray(blobs) ? blobs : [];
  return {
    subject: isObject(subject) ? String(subject.digest) : undefined,
    layers: all.slice(0, MAX_LAYERS).flatMap(readLayer),
  };
}

function readLayer(layer: unknown): SignatureLayer[] {
  if (!isObject(layer)) return [];
  const { mediaType, digest, size, annotations } = layer;
  const format = formatOf(String(mediaType));
  if (format === undefined) return [];
  return [{
    format,
    mediaType: String(mediaType),
    digest: String(digest),
    size: Number(size),
    annotations: isObject(annotations) ? annotations : {},
  }];
}

function formatOf(mediaType: string): SignatureFormat | undefined {
  if (BUNDLE_TYPE.test(mediaType)) return "sigstore-bundle";
  if (mediaType === SIMPLE_SIGNING || mediaType === ENVELOPE) return "cosign";
  if (mediaType === JWS_TYPE) return "notation-jws";
  return mediaType === COSE_TYPE ? "notation-cose" : undefined;
}

/** Tags under which cosign before version 3 keeps the signatures and attestations of a manifest. */
export function cosignTags(digest: Digest): string[] {
  const name = digest.replace(":", "-");
  return [`${name}.sig`, `${name}.att`];
}
