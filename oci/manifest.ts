import { type Descriptor, DESCRIPTOR_SHAPE, parseDescriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import { isObject, objectShape, parseStrictJson } from "./json.ts";
import {
  isDockerMediaType,
  isForeignLayerMediaType,
  isImageMediaType,
  isManifestMediaType,
  type ManifestMediaType,
  mediaTypeOf,
  OCI_ARTIFACT_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media_type.ts";

/** Descriptor in a manifest, other than its subject. */
export interface ManifestReference {
  /** May be of an algorithm that this registry cannot compute. */
  digest: string;
  /** Media type of the descriptor, unchecked. */
  mediaType: string;
  /** Bytes. */
  size: number;
  /**
   * Kind of content behind the digest. A child of an index is not always a manifest: BuildKit exports a build cache as
   * an index of layers.
   */
  kind: "blob" | "manifest or blob";
  /**
   * True if the content must exist in the repository. False for non-distributable layers, which clients do not push.
   */
  required: boolean;
}

/** Parts of a manifest that the registry uses. */
export interface ParsedManifest {
  /** Media type under which the manifest is stored and served. */
  mediaType: ManifestMediaType;
  /** Config and layers of an image, children of an index, or blobs of an artifact, in order, each digest once. */
  references: ManifestReference[];
  /** Manifest that this one refers to. It need not exist. */
  subject: Descriptor | undefined;
  /**
   * Artifact type in a list of referrers: the manifest's own `artifactType`, else the media type of the image's config.
   */
  artifactType: string | undefined;
  /** Annotations as pushed. */
  annotations: Record<string, string> | undefined;
}

/** Maximum layers of an image or children of an index: each costs the registry an item. */
export const MAX_REFERENCES = 10_000;

/** Maximum characters of a media type: two names of 127 characters with a slash (RFC 6838 §4.2). */
const MAX_TYPE_CHARACTERS = 255;

/** Maximum characters of a subject's digest, which must fit in a key together with the referrer's. */
const MAX_SUBJECT_CHARACTERS = 512;

const MANIFEST_SHAPE = objectShape({
  schemaVersion: "integer",
  mediaType: "any",
  artifactType: "any",
  config: DESCRIPTOR_SHAPE,
  layers: DESCRIPTOR_SHAPE,
  manifests: DESCRIPTOR_SHAPE,
  blobs: DESCRIPTOR_SHAPE,
  fsLayers: "any",
  subject: DESCRIPTOR_SHAPE,
  annotations: "any",
});

type JsonObject = Record<string, unknown>;

/**
 * Parses a manifest that was pushed with this `Content-Type`, if any. Its parameters are ignored.
 *
 * An accepted manifest has the same meaning for every client, whatever media type the client expects (CVE-2021-41190).
 * Optional members that are `null` or empty strings count as absent, as in Go. Unknown members and artifact types are
 * accepted (image-spec, manifest.md).
 *
 * @throws {RegistryError} `DIGEST_INVALID` for a malformed digest in a descriptor, `MANIFEST_INVALID` for any other
 *   defect.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  const document = parseStrictJson(bytes, MANIFEST_SHAPE);
  if (!isObject(document)) throw invalid("Manifest is not a JSON object");
  const mediaType = resolveMediaType(document, mediaTypeOf(contentType));
  // An artifact manifest has no schemaVersion.
  const isArtifact = mediaType === OCI_ARTIFACT_MANIFEST;
  if (document.schemaVersion !== 2 && !(isArtifact && document.schemaVersion === undefined)) {
    throw invalid("Manifest must have schemaVersion 2");
  }
  const isImage = isImageMediaType(mediaType);
  const forbidden = isArtifact
    ? ["config", "layers", "manifests"]
    : isImage
    ? ["manifests"]
    : ["config", "layers"];
  rejectMembers(document, [...forbidden, "fsLayers"]);
  const config = isImage ? parseDescriptor(document.config, "config") : undefined;
  const references = isArtifact
    ? artifactReferences(document)
    : config
    ? imageReferences(document, config)
    : indexReferences(document);
  return {
    mediaType,
    references: withoutRepeats(references),
    // Docker's formats define no `subject`: a member of that name has another meaning.
    subject: isDockerMediaType(mediaType) ? undefined : parseSubject(document),
    artifactType: artifactTypeOf(document, config),
    annotations: parseAnnotations(document),
  };
}

/**
 * Parses a pushed manifest like {@linkcode parseManifest}, and rejects values that are too long for items and answers.
 * A manifest that an earlier release stored with such values can still be read.
 *
 * @throws {RegistryError} as {@linkcode parseManifest}.
 */
export function parsePushedManifest(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  const manifest = parseManifest(bytes, contentType);
  const types = [manifest.artifactType ?? "", ...manifest.references.map(({ mediaType }) => mediaType)];
  if (types.some((type) => type.length > MAX_TYPE_CHARACTERS)) {
    throw invalid(
      `Manifest has an artifact type or a media type of more than ${MAX_TYPE_CHARACTERS} characters`,
    );
  }
  if ((manifest.subject?.digest.length ?? 0) > MAX_SUBJECT_CHARACTERS) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `Digest of the subject has more than ${MAX_SUBJECT_CHARACTERS} characters`,
    );
  }
  return manifest;
}

/** The descriptor of a manifest in the list of its subject's referrers (distribution-spec §"Listing Referrers"). */
export function describeReferrer(
  manifest: Pick<ParsedManifest, "artifactType" | "annotations"> & { mediaType: string },
  digest: Digest,
  size: number,
): Descriptor {
  const { mediaType, artifactType, annotations } = manifest;
  const descriptor: Descriptor = { mediaType, digest, size };
  if (artifactType !== undefined) descriptor.artifactType = artifactType;
  if (annotations !== undefined) descriptor.annotations = annotations;
  return descriptor;
}

/**
 * Descriptor of a stored manifest for a list of referrers. It was checked when it was pushed, possibly by a release
 * that accepted more than {@linkcode parseManifest}.
 */
export function describeStoredReferrer(
  bytes: Uint8Array,
  mediaType: string,
  digest: Digest,
): Descriptor {
  const document: JsonObject = JSON.parse(new TextDecoder().decode(bytes));
  const config = isObject(document.config) ? document.config : {};
  return describeReferrer(
    { mediaType, artifactType: artifactTypeOf(document, config), annotations: parseAnnotations(document) },
    digest,
    bytes.length,
  );
}

/**
 * Media type of a manifest: the one in the document, which must equal `Content-Type` if both exist (distribution-spec
 * §"Pushing Manifests"), otherwise that of `Content-Type`. OCI's formats only recommend both, so without either the
 * document's structure decides.
 */
function resolveMediaType(document: JsonObject, announced: string | undefined): ManifestMediaType {
  const declared = optionalString(document, "mediaType");
  if (declared !== undefined && announced !== undefined && declared.toLowerCase() !== announced) {
    throw invalid(`Content-Type ${quote(announced)} is not the manifest's mediaType ${quote(declared)}`);
  }
  const mediaType = declared ?? announced ??
    (Object.hasOwn(document, "manifests") ? OCI_INDEX : OCI_MANIFEST);
  if (isManifestMediaType(mediaType)) return mediaType;
  throw invalid(`Manifests of media type ${quote(mediaType)} are not supported`);
}

/** Rejects members of other formats, even with the value `null`: containerd refuses such a document. */
function rejectMembers(document: JsonObject, forbidden: string[]): void {
  const found = forbidden.find((name) => Object.hasOwn(document, name));
  if (found !== undefined) throw invalid(`Manifest has ${quote(found)}, which its media type does not allow`);
}

/** Layers may be missing: image-spec requires only the config, and Go writes `null` for an empty list. */
function imageReferences(document: JsonObject, config: Descriptor): ManifestReference[] {
  const layers = parseDescriptors(document.layers ?? [], "layers");
  return [
    { ...config, kind: "blob", required: true },
    ...layers.map((layer) => reference(layer, "blob")),
  ];
}

/** Blobs may be missing: an artifact may consist of annotations only. */
function artifactReferences(document: JsonObject): ManifestReference[] {
  return parseDescriptors(document.blobs ?? [], "blobs").map((blob) => reference(blob, "blob"));
}

function indexReferences(document: JsonObject): ManifestReference[] {
  if (document.manifests === undefined) throw invalid("Manifest has no manifests");
  const children = parseDescriptors(document.manifests ?? [], "manifests");
  return children.map((child) => reference(child, "manifest or blob"));
}

function reference(descriptor: Descriptor, kind: ManifestReference["kind"]): ManifestReference {
  return { ...descriptor, kind, required: !isForeignLayerMediaType(descriptor.mediaType) };
}

/** First reference to each digest; required if any reference to the digest is. */
function withoutRepeats(references: ManifestReference[]): ManifestReference[] {
  const byDigest = new Map<string, ManifestReference>();
  for (const reference of references) {
    const first = byDigest.get(reference.digest);
    if (first === undefined) byDigest.set(reference.digest, reference);
    else first.required ||= reference.required;
  }
  return [...byDigest.values()];
}

function parseDescriptors(value: unknown, name: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`Manifest has ${name} that are not an array`);
  if (value.length > MAX_REFERENCES) throw invalid(`Manifest has more than ${MAX_REFERENCES} ${name}`);
  return value.map((item, index) => parseDescriptor(item, `${name}[${index}]`));
}

function parseSubject({ subject }: JsonObject): Descriptor | undefined {
  return subject === undefined || subject === null ? undefined : parseDescriptor(subject, "subject");
}

function artifactTypeOf(document: JsonObject, config: { mediaType?: unknown } = {}): string | undefined {
  return optionalString(document, "artifactType") ?? optionalString({ ...config }, "mediaType");
}

function parseAnnotations({ annotations }: JsonObject): Record<string, string> | undefined {
  if (annotations === undefined || annotations === null) return undefined;
  if (isStringMap(annotations)) return annotations;
  throw invalid("Manifest annotations must be a map of strings");
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((item) => typeof item === "string");
}

function optionalString(document: JsonObject, name: string): string | undefined {
  const value = document[name];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw invalid(`Manifest has ${quote(name)} that is not a string`);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 128));
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message);
}
