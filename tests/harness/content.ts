/**
 * Content for tests that push and pull over HTTP: digests, small manifests, and the requests that put them there.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { assertEquals } from "@std/assert";
import { DOCKER_MANIFEST_LIST, OCI_INDEX, OCI_MANIFEST } from "../../oci/mod.ts";

/** Sends a request, as `TestApp.request` and a bound `fetch` do. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** A manifest and how it is pushed. */
export interface TestManifest {
  bytes: Uint8Array<ArrayBuffer>;
  digest: string;
  mediaType: string;
  size: number;
}

/** The bytes of a text in UTF-8. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The digest of bytes. */
export function digestOf(bytes: Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** The content `{}`, which image-spec has as the configuration and layer of artifacts that need none. */
export const EMPTY: Uint8Array<ArrayBuffer> = bytesOf("{}");

/** The descriptor of {@linkcode EMPTY}. */
export const EMPTY_DESCRIPTOR = {
  mediaType: "application/vnd.oci.empty.v1+json",
  digest: digestOf(EMPTY),
  size: EMPTY.length,
};

/** A manifest with these fields; `mediaType` is the type that it is pushed as. */
export function manifestOf(fields: Record<string, unknown>, mediaType: string = OCI_MANIFEST): TestManifest {
  const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  return { bytes, digest: digestOf(bytes), mediaType, size: bytes.length };
}

/** An image manifest over {@linkcode EMPTY}, told from others by its annotation. */
export function imageOf(name: string, fields: Record<string, unknown> = {}): TestManifest {
  return manifestOf({
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    annotations: { "org.example.name": name },
    ...fields,
  });
}

/** An index of manifests, or of anything that has a descriptor. */
export function indexOf(
  manifests: { mediaType: string; digest: string; size: number }[],
  fields: Record<string, unknown> = {},
  mediaType: typeof OCI_INDEX | typeof DOCKER_MANIFEST_LIST = OCI_INDEX,
): TestManifest {
  const descriptors = manifests.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  return manifestOf({ manifests: descriptors, ...fields }, mediaType);
}

/** Pushes a blob by POST and PUT, and answers its digest. */
export async function pushBlob(
  send: Send,
  repository: string,
  bytes: Uint8Array<ArrayBuffer>,
  digest: string = digestOf(bytes),
): Promise<string> {
  const location = await startUpload(send, repository);
  const response = await send(`${location}?digest=${digest}`, { method: "PUT", body: bytes });
  assertEquals(response.status, 201, await response.text());
  return digest;
}

/** Begins an upload and answers its location. */
export async function startUpload(send: Send, repository: string, query = ""): Promise<string> {
  const response = await send(`/v2/${repository}/blobs/uploads/${query}`, { method: "POST" });
  assertEquals(response.status, 202, await response.text());
  return response.headers.get("Location") ?? "";
}

/** Sends a manifest, whatever comes of it. */
export function putManifest(
  send: Send,
  repository: string,
  reference: string,
  manifest: Pick<TestManifest, "bytes" | "mediaType">,
  headers: Record<string, string> = {},
): Promise<Response> {
  return send(`/v2/${repository}/manifests/${reference}`, {
    method: "PUT",
    body: manifest.bytes,
    headers: { "Content-Type": manifest.mediaType, ...headers },
  });
}

/** Pushes a manifest that must be taken; without a reference under its digest. */
export async function pushManifest(
  send: Send,
  repository: string,
  manifest: TestManifest,
  reference: string = manifest.digest,
): Promise<TestManifest> {
  const response = await putManifest(send, repository, reference, manifest);
  assertEquals(response.status, 201, await response.text());
  return manifest;
}

/** Pushes {@linkcode EMPTY} and an image over it. */
export async function pushImage(
  send: Send,
  repository: string,
  tag: string,
  name = tag,
): Promise<TestManifest> {
  await pushBlob(send, repository, EMPTY);
  return await pushManifest(send, repository, imageOf(name), tag);
}

/** Status and first error code of an answer that failed. */
export async function failureIn(response: Response): Promise<[status: number, code: string]> {
  const { errors } = await response.json();
  return [response.status, errors[0].code];
}
