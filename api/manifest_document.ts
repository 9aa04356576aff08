import type { ManifestFacts } from "../registry/interface.ts";
import { artifactKind, isIndexType } from "./artifact_kind.ts";
import type { ArtifactKind, Platform } from "./schemas/mod.ts";
import { arrayOf, member, objectOf, textMapOf, textOf } from "./values.ts";

/** Descriptor in a manifest. */
export interface Part {
  /** Digest, of any algorithm. */
  digest: string;
  /** Media type, unchecked. */
  mediaType: string;
  /** Bytes. */
  size: number;
  /** Artifact type of a child. */
  artifactType?: string;
  /** Platform of a child. */
  platform?: Platform;
  /** Annotations of the descriptor. */
  annotations: Record<string, string>;
}

/** Members of a stored manifest that pages show. */
export interface ManifestDocument {
  /** Media type of its push. */
  mediaType: string;
  /** Its kind. */
  kind: ArtifactKind;
  /** `artifactType`, or the type of the config of an artifact. */
  artifactType?: string;
  /** Config of an image. */
  config?: Part;
  /** Layers of an image, or blobs of an artifact. */
  layers: Part[];
  /** Children of an index. */
  children: Part[];
  /** Annotations. */
  annotations: Record<string, string>;
  /** Manifest that this one refers to. */
  subject?: Part;
}

/** Media type of a config that the artifact type of an image is not. */
const IMAGE_CONFIG = /^application\/vnd\.(oci\.image\.config|oci\.empty|docker\.container\.image)\./;

/** Parts of a manifest. It was checked when it was pushed, possibly by a release that accepted more. */
export function readDocument(
  { mediaType, bytes }: Pick<ManifestFacts, "mediaType"> & { bytes: Uint8Array },
): ManifestDocument {
  const json = objectOf(JSON.parse(new TextDecoder().decode(bytes)));
  const layers = partsIn(json.layers ?? json.blobs);
  const children = isIndexType(mediaType) ? partsIn(json.manifests) : [];
  const config = partOf(json.config);
  const subject = partOf(json.subject);
  const declared = textOf(json.artifactType);
  const configType = config?.mediaType;
  const partTypes = [...new Set([...layers, ...children].map(({ mediaType }) => mediaType))];
  const kind = artifactKind({ mediaType, artifactType: declared, configType, partTypes });
  const artifactType = declared ?? (IMAGE_CONFIG.test(configType ?? "") ? undefined : configType);
  return {
    mediaType,
    kind,
    layers,
    children,
    annotations: textMapOf(json.annotations),
    ...member("artifactType", artifactType),
    ...member("config", config),
    ...member("subject", subject),
  };
}

/** Compressed bytes of a manifest with its config and layers, each counted once. Not of an index. */
export function sizeWithContent(manifestSize: number, { config, layers }: ManifestDocument): number {
  const sizes = new Map([...(config ? [config] : []), ...layers].map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, manifestSize);
}

/** Annotations by which BuildKit attaches an attestation to another child of its index. */
const ATTESTATION = { type: "vnd.docker.reference.type", of: "vnd.docker.reference.digest" };

/** Digest of the child that a child of an index is BuildKit's attestation of. */
export function attestedBy({ annotations }: Part): string | undefined {
  return annotations[ATTESTATION.type] === "attestation-manifest" ? annotations[ATTESTATION.of] : undefined;
}

/** Platform of JSON such as that of a descriptor or of the config of an image. */
export function platformOf(value: unknown): Platform | undefined {
  const { os, architecture, variant, "os.version": version } = objectOf(value);
  const [system, machine] = [textOf(os), textOf(architecture)];
  if (system === undefined && machine === undefined) return undefined;
  return {
    os: system ?? "unknown",
    architecture: machine ?? "unknown",
    ...member("variant", textOf(variant)),
    ...member("osVersion", textOf(version)),
  };
}

/** Platform as text, such as `linux/arm/v7`. */
export function platformText({ os, architecture, variant, osVersion }: Platform): string {
  return [os, architecture, variant].filter((text) => text !== undefined).join("/") +
    (osVersion === undefined ? "" : ` (${osVersion})`);
}

function partsIn(value: unknown): Part[] {
  return arrayOf(value).map(partOf).filter((part) => part !== undefined);
}

function partOf(value: unknown): Part | undefined {
  const { digest, mediaType, size, artifactType, platform, annotations } = objectOf(value);
  if (typeof digest !== "string" || typeof mediaType !== "string") return undefined;
  return {
    digest,
    mediaType,
    size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : 0,
    annotations: textMapOf(annotations),
    ...member("artifactType", textOf(artifactType)),
    ...member("platform", platformOf(platform)),
  };
}
