import { Content } from "./content.ts";
import { type Compression, type Files, type Layer, layerOf, noise } from "./layer.ts";
import { addArtifact, addDockerImage, addImage, addIndex, type Image, imageConfig } from "./manifest.ts";
import { MEDIA } from "./media_types.ts";

const MIB = 1024 * 1024;

/** A small image of one platform, different for each name. */
export async function smallImage(name: string, compression: Compression = "+gzip"): Promise<Image> {
  const content = new Content();
  const layers = [
    await layerOf({ "etc/os-release": `NAME=${name}\n`, "bin/true": "#!/bin/sh\n" }, compression),
    await layerOf({ "srv/name": name }, compression),
  ];
  return { root: addImage(content, layers), content };
}

/** An image whose layers span several parts of a multipart upload. */
export async function largeImage(name: string): Promise<Image> {
  const content = new Content();
  const layers = [
    await layerOf({ "srv/large": noise(`${name} large`, 7 * MIB + 13) }),
    await layerOf({ "srv/middling": noise(`${name} middling`, 3 * MIB) }),
  ];
  return { root: addImage(content, layers), content };
}

/** An image of one layer with 2,048 files of different sizes, or only with every second of them. */
export async function manyFilesImage(name: string, every: 1 | 2 = 1): Promise<Image> {
  const files: Files = {};
  for (let number = 0; number < 2048; number += every) {
    files[manyFilesPath(number)] = noise(`${name} ${number}`, 200 + number % 100);
  }
  const content = new Content();
  return { root: addImage(content, [await layerOf(files)]), content };
}

/** Path of the file with this number in {@linkcode manyFilesImage}. */
export function manyFilesPath(number: number): string {
  return `srv/files/${String(number).padStart(4, "0")}`;
}

/** An index of two platforms, of which one layer is shared, and of an attestation as `docker buildx` adds it. */
export async function multiArchIndex(name: string): Promise<Image> {
  const content = new Content();
  const shared = await layerOf({ "etc/os-release": `NAME=${name}\n` });
  const children = [];
  for (const architecture of ["amd64", "arm64"]) {
    const own = await layerOf({ "srv/architecture": `${name} ${architecture}` });
    children.push(addImage(content, [shared, own], { platform: { os: "linux", architecture } }));
  }
  children.push(addAttestation(content, children[0]!.digest));
  return { root: addIndex(content, children), content };
}

function addAttestation(content: Content, of: string) {
  const statement = content.addJson("application/vnd.in-toto+json", {
    _type: "https://in-toto.io/Statement/v1",
  });
  const platform = { os: "unknown", architecture: "unknown" };
  const config = content.addJson(MEDIA.config, imageConfig([], platform));
  const manifest = { schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [statement] };
  const annotations = {
    "vnd.docker.reference.digest": of,
    "vnd.docker.reference.type": "attestation-manifest",
  };
  return { ...content.addJson(MEDIA.manifest, manifest), annotations, platform };
}

/** An image whose layers are archives without a file, the same one twice. */
export async function emptyLayersImage(): Promise<Image> {
  const content = new Content();
  const empty = await layerOf({});
  return { root: addImage(content, [empty, empty]), content };
}

/** An image with a layer that only its `urls` lead to: no registry holds its bytes (image-spec, layer.md). */
export async function foreignLayerImage(name: string): Promise<Image> {
  const content = new Content();
  const here = await layerOf({ "srv/name": name });
  const elsewhere = await layerOf({ "srv/foreign": `${name} from elsewhere` });
  const layers = [
    content.add(`${MEDIA.layer}+gzip`, here.bytes),
    {
      ...new Content().add(MEDIA.foreignLayer, elsewhere.bytes),
      urls: ["https://layers.example.com/foreign.tar.gz"],
    },
  ];
  const config = content.addJson(
    MEDIA.config,
    imageConfig([here, elsewhere], { os: "linux", architecture: "amd64" }),
  );
  const root = content.addJson(MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config,
    layers,
  });
  return { root, content };
}

/**
 * Cache export of BuildKit before 0.21: an index whose children are blobs (layers and a configuration), and in Docker's
 * form a manifest list of the same.
 */
export async function buildkitCacheIndex(name: string, mediaType: string = MEDIA.index): Promise<Image> {
  const content = new Content();
  const layers: Layer[] = [await layerOf({ "srv/a": `${name} a` }), await layerOf({ "srv/b": `${name} b` })];
  const children = layers.map((layer) => ({
    ...content.add(`${MEDIA.layer}+gzip`, layer.bytes),
    annotations: { "containerd.io/uncompressed": layer.diffId },
  }));
  const records = { layers: children.map((child) => ({ blob: child.digest })), records: [] };
  const root = addIndex(content, [...children, content.addJson(MEDIA.buildkitCache, records)], mediaType);
  return { root, content };
}

/** An image of which manifest, configuration and layers are identified by sha512. */
export async function sha512Image(name: string): Promise<Image> {
  const content = new Content("sha512");
  return { root: addImage(content, [await layerOf({ "srv/name": `${name} by sha512` })]), content };
}

/** An image in Docker's own format. */
export async function dockerImage(name: string): Promise<Image> {
  const content = new Content();
  return { root: addDockerImage(content, [await layerOf({ "srv/name": name })]), content };
}

/** A manifest list in Docker's own format. */
export async function dockerManifestList(name: string): Promise<Image> {
  const content = new Content();
  const children = [];
  for (const architecture of ["amd64", "arm64"]) {
    const layer = await layerOf({ "srv/architecture": `${name} ${architecture}` });
    children.push(addDockerImage(content, [layer], { os: "linux", architecture }));
  }
  return { root: addIndex(content, children, MEDIA.dockerList), content };
}

/** An artifact that refers to `subject`; one of its two blobs has no bytes at all. */
export function artifactFor(subject: Image, artifactType: string, text: string): Image {
  const content = new Content();
  const layers = [
    content.add("text/plain", new TextEncoder().encode(text)),
    content.add("application/octet-stream", new Uint8Array()),
  ];
  const annotations = { "com.example.text": text };
  return {
    root: addArtifact(content, { artifactType, layers, subject: subject.root, annotations }),
    content,
  };
}
