/** Image manifest of image-spec. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** Image index of image-spec; also the form of a referrers list. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

/** Docker's image manifest, version 2 schema 2. */
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Docker's manifest list, version 2 schema 2. */
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/**
 * Artifact manifest of a release candidate of image-spec 1.1, withdrawn since: mirrors still bring what ORAS and notation
 * once wrote.
 */
export const OCI_ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";

/** Media type under which a manifest can be stored and served. */
export type ManifestMediaType =
  | typeof OCI_MANIFEST
  | typeof OCI_INDEX
  | typeof OCI_ARTIFACT_MANIFEST
  | typeof DOCKER_MANIFEST
  | typeof DOCKER_MANIFEST_LIST;

/** True if `text` is the media type of an image manifest: one config and layers, not an index. */
export function isImageMediaType(text: string): text is typeof OCI_MANIFEST | typeof DOCKER_MANIFEST {
  return text === OCI_MANIFEST || text === DOCKER_MANIFEST;
}

/** True if `text` is one of Docker's media types. */
export function isDockerMediaType(
  text: string,
): text is typeof DOCKER_MANIFEST | typeof DOCKER_MANIFEST_LIST {
  return text === DOCKER_MANIFEST || text === DOCKER_MANIFEST_LIST;
}

/** True if `text` is a media type that a manifest may have here. */
export function isManifestMediaType(text: string): text is ManifestMediaType {
  return isImageMediaType(text) || isDockerMediaType(text) || text === OCI_INDEX ||
    text === OCI_ARTIFACT_MANIFEST;
}

/**
 * True if a layer of this type can be stored elsewhere: image-spec's non-distributable layers (layer.md) and Docker's
 * foreign layers, with any compression. Clients do not push them.
 */
export function isForeignLayerMediaType(text: string): boolean {
  return text.startsWith("application/vnd.oci.image.layer.nondistributable.v1.") ||
    text.startsWith("application/vnd.docker.image.rootfs.foreign.diff.");
}

/**
 * Media type of a `Content-Type` field, in lower case and without parameters, which distribution-spec §"Pushing
 * Manifests" ignores; `undefined` if the field is absent or empty (RFC 9110 §8.3.1).
 */
export function mediaTypeOf(contentType: string | null | undefined): string | undefined {
  const [type = ""] = (contentType ?? "").split(";", 1);
  return type.trim().toLowerCase() || undefined;
}
