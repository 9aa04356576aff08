import { AssertionError } from "@std/assert";
import { createHash } from "node:crypto";
import { seeded } from "../random.ts";

/** Something stored. */
export interface Stored {
  readonly digest: string;
  readonly size: number;
}

/** A manifest that is stored. */
export interface StoredManifest extends Stored {
  readonly mediaType: string;
  /** The document, for variations of it. */
  readonly document: Record<string, unknown>;
}

/** A repository with something of everything in it. */
export interface Repository {
  readonly name: string;
  readonly blobs: readonly Stored[];
  readonly manifests: readonly StoredManifest[];
  /** One more, which has an object of its own. */
  readonly large: StoredManifest;
  readonly tags: readonly string[];
  /** The path of an upload with some bytes in it. */
  readonly upload: string;
}

/** Content of the registry under test. */
export interface World {
  /** Nothing may ever change in these. */
  readonly kept: readonly Repository[];
  /** In these, requests may do whatever they manage to do. */
  readonly scratch: readonly Repository[];
  /** Paths of uploads to scratch repositories; requests that begin some add them. */
  readonly scratchUploads: string[];
}

/** Bytes that each kept upload has. */
export const UPLOADED_BYTES = 5000;

/** Names that are legal and look like parts of a path that mean something. */
const KEPT = ["kept/one", "kept/two", "tags/list", "kept/blobs/uploads"];

/** The first part of the names of all scratch repositories. */
export const SCRATCH = "scratch";

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** Fills an empty registry. */
export async function createWorld(url: string): Promise<World> {
  const kept = await Promise.all(KEPT.map((name, index) => createRepository(url, name, index)));
  const scratch = await Promise.all(
    ["one", "two/manifests"].map((name) => createRepository(url, `${SCRATCH}/${name}`, 0)),
  );
  return { kept, scratch, scratchUploads: scratch.map(({ upload }) => upload) };
}

async function createRepository(url: string, name: string, seed: number): Promise<Repository> {
  const push = (algorithm: string, size: number) => pushBlob(url, name, noise(seed + 1, size), algorithm);
  const blobs = [
    await push("sha256", 0),
    await push("sha256", 1000),
    await push("sha256", 70_000),
    await push("sha512", 3000),
  ];
  const image = (annotation: string, more = {}) => ({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: describe("application/vnd.oci.image.config.v1+json", blobs[1]!),
    layers: blobs.map((blob) => describe("application/vnd.oci.image.layer.v1.tar", blob)),
    annotations: { "org.example.name": annotation },
    ...more,
  });
  const first = await pushManifest(url, name, "latest", image("first"));
  const second = await pushManifest(url, name, "v1.0", image("second"));
  const large = await pushManifest(url, name, "large", image("x".repeat(300_000)));
  const children = [first, second].map((child) => describe(IMAGE, child));
  const index = await pushManifest(url, name, "index", {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: children,
  });
  const referrers: StoredManifest[] = [];
  for (const kind of ["a", "b", "c"]) {
    const more = { subject: describe(IMAGE, first), artifactType: `application/vnd.example.${kind}` };
    referrers.push(await pushManifest(url, name, `referrer-${kind}`, image(kind, more)));
  }
  return {
    name,
    blobs,
    manifests: [first, second, index, ...referrers],
    large,
    tags: ["latest", "v1.0", "index", "large", "referrer-a", "referrer-b", "referrer-c"],
    upload: await beginUpload(url, name),
  };
}

function describe(mediaType: string, { digest, size }: Stored) {
  return { mediaType, digest, size };
}

async function pushBlob(
  url: string,
  repository: string,
  body: Uint8Array<ArrayBuffer>,
  algorithm: string,
): Promise<Stored> {
  const digest = digestOf(body, algorithm);
  await expect(201, `${url}/v2/${repository}/blobs/uploads/?digest=${digest}`, { method: "POST", body });
  return { digest, size: body.length };
}

async function pushManifest(
  url: string,
  repository: string,
  tag: string,
  document: Record<string, unknown> & { mediaType: string },
): Promise<StoredManifest> {
  const body = new TextEncoder().encode(JSON.stringify(document));
  const { mediaType } = document;
  await expect(201, `${url}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "Content-Type": mediaType },
    body,
  });
  return { digest: digestOf(body), size: body.length, mediaType, document };
}

async function beginUpload(url: string, repository: string): Promise<string> {
  const started = await expect(202, `${url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const path = started.headers.get("Location") ?? "";
  await expect(202, `${url}${path}`, { method: "PATCH", body: noise(1, UPLOADED_BYTES) });
  return path;
}

async function expect(status: number, url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status === status) return response;
  throw new AssertionError(`Got ${response.status} for ${init.method} ${url}: ${text}`);
}

/** The digest of these bytes. */
export function digestOf(bytes: Uint8Array, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

function noise(seed: number, size: number): Uint8Array<ArrayBuffer> {
  const random = seeded(seed);
  return Uint8Array.from({ length: size }, () => random(256));
}
