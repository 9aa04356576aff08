import { DOCKER_MANIFEST_LIST, OCI_INDEX } from "../oci/mod.ts";
import type { ArtifactKind } from "./schemas/mod.ts";

/** Media types of a manifest, by which its kind is told. */
export interface ArtifactTypes {
  /** Media type of the manifest. */
  mediaType: string;
  /** Its `artifactType`. */
  artifactType?: string | undefined;
  /** Media type of its config. */
  configType?: string | undefined;
  /** Media types of its layers, blobs or children. */
  partTypes?: readonly string[];
}

/** Kinds by a pattern of the artifact type or the media type of the config. The first match counts. */
const BY_TYPE: readonly [RegExp, ArtifactKind][] = [
  [/^application\/vnd\.cncf\.helm\./, "helm-chart"],
  [/^application\/(vnd\.)?(module\.)?wasm\b/, "wasm"],
  [/^application\/vnd\.(cncf\.model|kitops\.modelkit|docker\.ai\.model|ollama)\./, "model"],
  [/^application\/vnd\.cncf\.flux\./, "flux"],
  [/^application\/vnd\.cncf\.openpolicyagent\./, "opa-bundle"],
  [/^application\/vnd\.docker\.compose\./, "compose"],
  [/^application\/vnd\.buildkit\.cacheconfig\./, "build-cache"],
  [/^application\/vnd\.docker\.plugin\./, "docker-plugin"],
  [/^application\/vnd\.sylabs\.sif\./, "singularity"],
  [/^application\/vnd\.dev\.cosign\.(artifact\.sig|simplesigning)\./, "cosign-signature"],
  [/^application\/vnd\.dev\.sigstore\.bundle\b/, "sigstore-bundle"],
  [/^application\/vnd\.cncf\.notary\.signature$/, "notation-signature"],
  [
    /^application\/(vnd\.in-toto|vnd\.dsse\.envelope|vnd\.dev\.cosign\.artifact\.att|vnd\.docker\.attestation)\b/,
    "attestation",
  ],
  [/^(application|text)\/(vnd\.)?spdx\b|^application\/vnd\.dev\.cosign\.artifact\.sbom\b/, "spdx"],
  [/^application\/vnd\.cyclonedx\b/, "cyclonedx"],
  [/^application\/(vnd\.)?openvex\b|^application\/csaf\b/, "vex"],
  [
    /^application\/(sarif\b|vnd\.security\.vulnerability\.report|(vnd\.)?(aquasec\.)?trivy\b|vnd\.anchore\.grype|vnd\.grype)/,
    "vulnerabilities",
  ],
  [/^text\//, "text"],
];

const IMAGE_CONFIGS: readonly string[] = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];

/** Layers of images, which tell nothing about the kind of an artifact. */
const IMAGE_LAYER = /^application\/vnd\.(oci\.image\.layer|docker\.image\.rootfs)\./;

/** Config of an artifact without a config (image-spec, "Guidelines for Artifact Usage"). */
const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";

/**
 * Kind of an artifact. The artifact type decides, then the type of the config, then that of the parts. An attestation of
 * BuildKit has the config of an image, and parts that are in-toto statements.
 */
export function artifactKind(
  { mediaType, artifactType, configType, partTypes = [] }: ArtifactTypes,
): ArtifactKind {
  const named = kindOf(artifactType) ?? (configType === EMPTY_CONFIG ? undefined : kindOf(configType));
  if (named !== undefined) return named;
  const [first] = partTypes;
  if (isIndexType(mediaType)) {
    // BuildKit exports a cache as an index of layers.
    return partTypes.some((type) => IMAGE_LAYER.test(type)) ? "build-cache" : "index";
  }
  const ofParts = first !== undefined && partTypes.every((type) => kindOf(type) === kindOf(first))
    ? kindOf(first)
    : undefined;
  if (ofParts !== undefined) return ofParts;
  if (configType !== undefined && IMAGE_CONFIGS.includes(configType)) return "image";
  return partTypes.map(kindOf).find((kind) => kind !== undefined) ?? "artifact";
}

/** True for an image index and a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** Kind that a single media type tells. */
export function kindOf(type: string | undefined): ArtifactKind | undefined {
  if (type === undefined) return undefined;
  const lower = type.toLowerCase();
  return BY_TYPE.find(([pattern]) => pattern.test(lower))?.[1];
}

/** Names of the kinds for people. */
export const KIND_NAMES: Readonly<Record<ArtifactKind, string>> = {
  image: "Image",
  index: "Multi-platform image",
  "helm-chart": "Helm chart",
  wasm: "WebAssembly module",
  model: "AI model",
  flux: "Flux artifact",
  "opa-bundle": "OPA bundle",
  compose: "Compose project",
  "build-cache": "Build cache",
  "docker-plugin": "Docker plugin",
  singularity: "Singularity image",
  "cosign-signature": "Cosign signature",
  "sigstore-bundle": "Sigstore bundle",
  "notation-signature": "Notation signature",
  attestation: "Attestation",
  spdx: "SBOM (SPDX)",
  cyclonedx: "SBOM (CycloneDX)",
  vex: "VEX document",
  vulnerabilities: "Vulnerability report",
  text: "Text",
  artifact: "Artifact",
};
