import type { Content, ImageDescriptor } from "./content.ts";
import type { Layer } from "./layer.ts";
import { MEDIA } from "./media_types.ts";

/** A tree of content and the descriptor at its top. */
export interface Image {
  root: ImageDescriptor;
  content: Content;
}

/** Platform of an image. */
export interface Platform {
  os: string;
  architecture: string;
}

const PLATFORM: Platform = { os: "linux", architecture: "amd64" };

/** Adds an image manifest of these layers with its configuration (image-spec, manifest.md); `more` joins the manifest. */
export function addImage(
  content: Content,
  layers: Layer[],
  { platform = PLATFORM, ...more }: { platform?: Platform; annotations?: Record<string, string> } = {},
): ImageDescriptor {
  const described = layers.map((layer) => content.add(`${MEDIA.layer}${layer.compression}`, layer.bytes));
  const config = content.addJson(MEDIA.config, imageConfig(layers, platform));
  const manifest = { schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: described, ...more };
  return { ...content.addJson(MEDIA.manifest, manifest), platform };
}

/** Adds an image in Docker's own format, which only knows gzip (distribution, manifest-v2-2.md). */
export function addDockerImage(content: Content, layers: Layer[], platform = PLATFORM): ImageDescriptor {
  const described = layers.map((layer) => content.add(MEDIA.dockerLayer, layer.bytes));
  const config = content.addJson(MEDIA.dockerConfig, imageConfig(layers, platform));
  const manifest = { schemaVersion: 2, mediaType: MEDIA.dockerManifest, config, layers: described };
  return { ...content.addJson(MEDIA.dockerManifest, manifest), platform };
}

/** Adds an index (image-spec, image-index.md) or, by its media type, a Docker manifest list. */
export function addIndex(
  content: Content,
  manifests: ImageDescriptor[],
  mediaType: string = MEDIA.index,
): ImageDescriptor {
  return content.addJson(mediaType, { schemaVersion: 2, mediaType, manifests });
}

/** An artifact (image-spec, manifest.md, "Guidelines for Artifact Usage"). */
export interface Artifact {
  artifactType: string;
  /** Contents by their media types. */
  layers: ImageDescriptor[];
  subject?: ImageDescriptor;
  annotations?: Record<string, string>;
}

/** Adds the manifest of an artifact. */
export function addArtifact(content: Content, artifact: Artifact): ImageDescriptor {
  const config = content.addJson(MEDIA.empty, {});
  const { artifactType, layers, subject, annotations } = artifact;
  return content.addJson(MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    artifactType,
    config,
    layers,
    ...subject && { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } },
    ...annotations && { annotations },
  });
}

/** The configuration of an image of these layers (image-spec, config.md). */
export function imageConfig(layers: Layer[], platform: Platform): unknown {
  const created = "1970-01-01T00:00:00Z";
  return {
    created,
    ...platform,
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/true"] },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: [
      { created, created_by: "ENV PATH=/bin", empty_layer: true },
      ...layers.map((_, index) => ({ created, created_by: `layer ${index}` })),
    ],
  };
}
