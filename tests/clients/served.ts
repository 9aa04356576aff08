import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { algorithmOf, parseDigest } from "../../oci/mod.ts";
import {
  type Bytes,
  Content,
  digestOfBytes,
  type Image,
  type ImageDescriptor,
  isManifestType,
  walk,
} from "../images/mod.ts";

/** A repository of the registry under test, spoken to without a client. */
export interface Place {
  /** `host:port`. */
  host: string;
  repository: string;
  /** Value of `Authorization`; requests are anonymous without it. */
  authorization?: string;
}

/** Pushes an image as it is, for what no client makes; returns the name by which a client asks for it. */
export async function seed(place: Place, image: Image, tag: string): Promise<string> {
  for (const descriptor of walk(image)) {
    const bytes = image.content.get(descriptor.digest);
    if (isManifestType(descriptor.mediaType)) await putManifest(place, descriptor.digest, descriptor, bytes);
    else await putBlob(place, descriptor.digest, bytes);
  }
  await putManifest(place, tag, image.root, image.content.get(image.root.digest));
  return `${place.host}/${place.repository}:${tag}`;
}

/** Asserts that the repository serves this image under this name: every manifest and every blob, byte for byte. */
export async function assertServes(place: Place, reference: string, image: Image): Promise<void> {
  const named = await get(place, `manifests/${reference}`, image.root.mediaType);
  assertBytes(reference, named, image.content.get(image.root.digest));
  for (const descriptor of walk(image)) {
    assertBytes(descriptor.digest, await getContent(place, descriptor), image.content.get(descriptor.digest));
  }
}

/** Asserts that what a client has written down is this image, byte for byte. */
export function assertSameImage(actual: Image, expected: Image): void {
  assertEquals(actual.root.digest, expected.root.digest);
  for (const { digest } of walk(expected)) {
    assertBytes(digest, actual.content.get(digest), expected.content.get(digest));
  }
}

/** Asserts that the repository has nothing under this path (`manifests/<reference>` or `blobs/<digest>`) any more. */
export async function assertGone(place: Place, path: string): Promise<void> {
  const response = await send(place, path, { method: "HEAD" });
  assertEquals(response.status, 404, path);
}

/** Reads the image that a client has pushed: its manifests and all that they reference, each true to its digest. */
export async function readServed(place: Place, tag: string, mediaType: string): Promise<Image> {
  const head = await send(place, `manifests/${tag}`, { method: "HEAD", headers: { accept: mediaType } });
  const digest = parseDigest(head.headers.get("docker-content-digest") ?? "");
  const content = new Content();
  const root = await readInto(content, place, {
    mediaType,
    digest,
    size: Number(head.headers.get("content-length")),
  });
  return { root, content };
}

/** Parsed manifest under this digest. */
export function manifestOf({ content }: Image, digest: string): Manifest {
  return JSON.parse(new TextDecoder().decode(content.get(digest)));
}

/** The fields of a manifest that these tests look at. */
export interface Manifest {
  mediaType?: string;
  artifactType?: string;
  config?: ImageDescriptor;
  layers?: ImageDescriptor[];
  manifests?: ImageDescriptor[];
  subject?: ImageDescriptor;
  annotations?: Record<string, string>;
}

/** The tags of the repository. */
export async function tagsOf(place: Place): Promise<string[]> {
  return JSON.parse(new TextDecoder().decode(await get(place, "tags/list"))).tags;
}

/** Referrers of the manifest with this digest. */
export async function referrersOf(place: Place, digest: string): Promise<ImageDescriptor[]> {
  return JSON.parse(new TextDecoder().decode(await get(place, `referrers/${digest}`))).manifests;
}

async function readInto(
  content: Content,
  place: Place,
  descriptor: ImageDescriptor,
): Promise<ImageDescriptor> {
  const bytes = await getContent(place, descriptor);
  const read = content.add(descriptor.mediaType, bytes, algorithmOf(parseDigest(descriptor.digest)));
  assertEquals([read.digest, read.size], [descriptor.digest, descriptor.size]);
  if (isManifestType(descriptor.mediaType)) {
    const { config, layers, manifests }: Manifest = JSON.parse(new TextDecoder().decode(bytes));
    const referenced = [...config ? [config] : [], ...layers ?? [], ...manifests ?? []];
    for (const next of referenced) await readInto(content, place, next);
  }
  return read;
}

function getContent(place: Place, { digest, mediaType }: ImageDescriptor): Promise<Bytes> {
  return isManifestType(mediaType)
    ? get(place, `manifests/${digest}`, mediaType)
    : get(place, `blobs/${digest}`);
}

async function get(place: Place, path: string, mediaType?: string): Promise<Bytes> {
  const response = await send(place, path, { headers: mediaType === undefined ? {} : { accept: mediaType } });
  const bytes = await response.bytes();
  assertEquals(response.status, 200, `${path}: ${new TextDecoder().decode(bytes)}`);
  if (mediaType !== undefined) assertEquals(response.headers.get("content-type"), mediaType, path);
  return bytes;
}

async function putBlob(place: Place, digest: string, bytes: Bytes): Promise<void> {
  const started = await send(place, "blobs/uploads/", { method: "POST" });
  assertEquals(started.status, 202);
  await started.body?.cancel();
  const location = new URL(started.headers.get("location")!, `http://${place.host}`);
  location.searchParams.set("digest", digest);
  const done = await fetch(location, { method: "PUT", headers: loginOf(place), body: bytes });
  assertEquals(done.status, 201, await done.text());
}

async function putManifest(
  place: Place,
  reference: string,
  { mediaType }: ImageDescriptor,
  bytes: Bytes,
): Promise<void> {
  const headers = { "content-type": mediaType };
  const done = await send(place, `manifests/${reference}`, { method: "PUT", headers, body: bytes });
  assertEquals(done.status, 201, await done.text());
}

function send(place: Place, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers([...new Headers(init.headers), ...Object.entries(loginOf(place))]);
  return fetch(`http://${place.host}/v2/${place.repository}/${path}`, { ...init, headers });
}

function loginOf({ authorization }: Place): Record<string, string> {
  return authorization === undefined ? {} : { Authorization: authorization };
}

function assertBytes(what: string, actual: Bytes, expected: Bytes): void {
  assert(
    Buffer.from(actual).equals(expected),
    `${what}: ${actual.length} bytes (${digestOfBytes(actual)}) are not the ${expected.length} expected`,
  );
}
