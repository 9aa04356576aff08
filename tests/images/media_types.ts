/** Media types of image-spec (media-types.md), of Docker's formats and of the tools that these tests imitate. */
export const MEDIA = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  empty: "application/vnd.oci.empty.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  foreignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  buildkitCache: "application/vnd.buildkit.cacheconfig.v0",
} as const;

const MANIFESTS: ReadonlySet<string> = new Set([
  MEDIA.manifest,
  MEDIA.index,
  MEDIA.dockerManifest,
  MEDIA.dockerList,
]);

/** True if content of this type lies under `/manifests/` and not under `/blobs/`. */
export function isManifestType(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}
