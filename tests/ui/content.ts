/**
 * Repositories for the pages: rich, huge and hostile, pushed over HTTP as clients do.
 *
 * @module
 */
import { OCI_INDEX } from "../../oci/mod.ts";
import {
  bytesOf,
  EMPTY,
  EMPTY_DESCRIPTOR,
  manifestOf,
  pushBlob,
  pushManifest,
  putManifest,
  type Send,
  type TestManifest,
} from "../harness/content.ts";

/** Descriptor of pushed content. */
export interface Pushed {
  mediaType: string;
  digest: string;
  size: number;
  [member: string]: unknown;
}

const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Pushes bytes, and answers their descriptor. */
export async function blob(
  send: Send,
  repository: string,
  mediaType: string,
  content: string | Uint8Array<ArrayBuffer>,
  more: Record<string, unknown> = {},
): Promise<Pushed> {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  return { mediaType, digest: await pushBlob(send, repository, bytes), size: bytes.length, ...more };
}

/** Pushes a manifest under tags, and answers its descriptor. */
async function tagged(
  send: Send,
  repository: string,
  manifest: TestManifest,
  tags: string[],
): Promise<Pushed> {
  await pushManifest(send, repository, manifest);
  for (const tag of tags) await pushManifest(send, repository, manifest, tag);
  const { mediaType, digest, size } = manifest;
  return { mediaType, digest, size };
}

/** Step of the build of an image: its instruction, and the content of its layer if it has one. */
export type Step = [instruction: string, layer?: string];

/** Options of an image. */
export interface ImageOptions {
  tags?: string[];
  config?: Record<string, unknown>;
  platform?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Pushes an image that these steps have built. */
export async function image(
  send: Send,
  repository: string,
  steps: readonly Step[],
  { tags = [], config = {}, platform = { os: "linux", architecture: "amd64" }, annotations }: ImageOptions =
    {},
): Promise<Pushed> {
  const layers: Pushed[] = [];
  for (const [, layer] of steps) {
    if (layer !== undefined) layers.push(await blob(send, repository, LAYER, layer));
  }
  const history = steps.map(([created_by, layer]) => ({
    created_by,
    created: "2026-11-28T19:00:00Z",
    ...(layer === undefined && { empty_layer: true }),
  }));
  const document = { ...platform, created: "2026-11-28T19:00:00Z", config, history };
  const described = await blob(send, repository, CONFIG, JSON.stringify(document));
  const manifest = manifestOf({ config: described, layers, ...(annotations && { annotations }) });
  return await tagged(send, repository, manifest, tags);
}

/** Pushes an artifact without a config, which may refer to a subject. */
export async function artifact(
  send: Send,
  repository: string,
  artifactType: string,
  layers: Pushed[],
  { subject, tags = [], annotations, config }: {
    subject?: Pushed;
    tags?: string[];
    annotations?: Record<string, string>;
    config?: Pushed;
  } = {},
): Promise<Pushed> {
  await pushBlob(send, repository, EMPTY);
  const manifest = manifestOf({
    artifactType,
    config: config ?? EMPTY_DESCRIPTOR,
    layers: layers.length === 0 ? [EMPTY_DESCRIPTOR] : layers,
    ...(subject && { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } }),
    ...(annotations && { annotations }),
  });
  return await tagged(send, repository, manifest, tags);
}

/** Pushes an index. */
export async function index(
  send: Send,
  repository: string,
  children: Pushed[],
  tags: string[],
  annotations: Record<string, string> = {},
): Promise<Pushed> {
  return await tagged(send, repository, manifestOf({ manifests: children, annotations }, OCI_INDEX), tags);
}

/** Text of this many characters that compresses badly, so that layers have different digests and sizes. */
export function filler(name: string, characters: number): string {
  return `${name} `.repeat(Math.ceil(characters / (name.length + 1))).slice(0, characters);
}

/** Pushes 10,000 tags of one image, a hundred with each request. */
export async function pushManyTags(send: Send, repository: string, count: number): Promise<void> {
  await image(send, repository, [["COPY . .", "many tags"]]);
  const config = await blob(send, repository, CONFIG, "{}");
  const manifest = manifestOf({ config, layers: [] });
  for (let first = 0; first < count; first += 100) {
    const tags = Array.from({ length: Math.min(100, count - first) }, (_, i) => `tag=${manyTag(first + i)}`);
    const response = await putManifest(send, repository, `${manifest.digest}?${tags.join("&")}`, manifest);
    const text = await response.text();
    if (response.status !== 201) throw new Error(`Cannot push tags: ${response.status} ${text}`);
  }
}

/** Name of a tag of {@linkcode pushManyTags}, as long as tags may be. */
export function manyTag(number: number): string {
  return `v${String(number).padStart(5, "0")}-${"x".repeat(121)}`;
}

/** Pushes an image with so many layers, and as many annotations and variables. */
export async function pushManyLayers(send: Send, repository: string, count: number): Promise<Pushed> {
  const steps = Array.from({ length: count }, (_, i): Step[] => [
    [
      `RUN /bin/sh -c ${filler("apt-get install --yes something", 400)} ${i} # buildkit`,
      filler(`layer ${i}`, i * 37),
    ],
    [`ENV VARIABLE_${i}=${i}`],
  ]).flat();
  const many = (name: string) =>
    Array.from({ length: 200 }, (_, i) => [`${name}.${i}`, filler("value", 300)] as const);
  return await image(send, repository, steps, {
    tags: ["many-layers"],
    config: {
      Env: many("NAME").map(([name, value]) => `${name}=${value}`),
      Labels: Object.fromEntries(many("label")),
    },
    annotations: Object.fromEntries(many("annotation")),
  });
}

/** Pushes an image with so many referrers. */
export async function pushManyReferrers(send: Send, repository: string, count: number): Promise<Pushed> {
  const subject = await image(send, repository, [["COPY . .", "many referrers"]], {
    tags: ["many-referrers"],
  });
  for (let i = 0; i < count; i++) {
    await artifact(send, repository, "application/vnd.example.review+json", [], {
      subject,
      annotations: { "com.example.number": String(i), "com.example.text": filler("text", 500) },
    });
  }
  return subject;
}
