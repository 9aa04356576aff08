import { createHash } from "node:crypto";
import type { Session } from "./session.ts";

/** Media types of manifests that the checks read. */
const MANIFEST_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** Value of `Accept` for manifests. */
export const ACCEPT_MANIFESTS: string = MANIFEST_TYPES.join(", ");

/** An image in the registry. */
export interface Image {
  /** Its repository. */
  repository: string;
  /** Its tag. */
  tag: string;
  /** Digests of the manifests: that of the tag, and behind an index that of one platform. */
  manifests: string[];
  /** The configuration and the layers. */
  blobs: { digest: string; size: number }[];
}

/** Bytes of the layer of a pushed image: more than a process caches. */
const LAYER_BYTES = 100_000;

/** Scope of a pull. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/** Scope of a push, with the delete of the pushed image. */
export function pushScope(repository: string): string {
  return `repository:${repository}:pull,push,delete`;
}

/**
 * Reads the manifest of an image, through an index that of its first platform.
 *
 * @throws {Error} if the image does not exist, or the client may not pull it.
 */
export async function readImage(session: Session, repository: string, tag: string): Promise<Image> {
  const manifests: string[] = [];
  let reference = tag;
  for (;;) {
    const response = await session.send(`/v2/${repository}/manifests/${reference}`, {
      scope: pullScope(repository),
      headers: { Accept: ACCEPT_MANIFESTS },
    });
    const text = await response.text();
    if (response.status !== 200) {
      throw new Error(`Cannot pull "${repository}:${tag}": the registry answered ${response.status}`);
    }
    manifests.push(response.headers.get("Docker-Content-Digest") ?? digestOf(new TextEncoder().encode(text)));
    const manifest = JSON.parse(text);
    if (manifests.length > 1 || manifest.manifests === undefined) {
      return { repository, tag, manifests, blobs: [manifest.config, ...manifest.layers] };
    }
    reference = manifest.manifests[0].digest;
  }
}

/**
 * Pushes a small image of random content by POST, PATCH and PUT, as docker does.
 *
 * @throws {Error} if the registry does not accept it.
 */
export async function pushImage(session: Session, repository: string, tag: string): Promise<Image> {
  const layer = new Uint8Array(LAYER_BYTES);
  crypto.getRandomValues(layer.subarray(0, 1000));
  const config = new TextEncoder().encode(
    '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
  );
  for (const bytes of [config, layer]) await pushBlob(session, repository, bytes);
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const mediaType = MANIFEST_TYPES[0]!;
  const blobs = [
    descriptor("application/vnd.oci.image.config.v1+json", config),
    descriptor("application/vnd.oci.image.layer.v1.tar", layer),
  ];
  const manifest = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType, config: blobs[0], layers: blobs.slice(1) }),
  );
  const path = `/v2/${repository}/manifests/${tag}`;
  const headers = { "Content-Type": mediaType };
  const scope = pushScope(repository);
  await expect(
    201,
    session.send(path, { method: "PUT", body: manifest, headers, scope }),
    "push the manifest",
  );
  return { repository, tag, manifests: [digestOf(manifest)], blobs };
}

/** Starts an upload. Returns its location. */
export async function startUpload(session: Session, repository: string): Promise<string> {
  const path = `/v2/${repository}/blobs/uploads/`;
  const scope = pushScope(repository);
  return await expect(202, session.send(path, { method: "POST", scope }), "start an upload");
}

async function pushBlob(session: Session, repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const scope = pushScope(repository);
  const upload = await startUpload(session, repository);
  const sent = session.send(upload, { method: "PATCH", body: bytes, scope });
  const end = new URL(await expect(202, sent, "upload a blob"), session.url);
  end.searchParams.set("digest", digestOf(bytes));
  await expect(201, session.send(end, { method: "PUT", scope }), "commit a blob");
}

/** Waits for an answer with this status. Returns its `Location`. */
async function expect(status: number, answer: Promise<Response>, action: string): Promise<string> {
  const response = await answer;
  const text = await response.text();
  if (response.status === status) return response.headers.get("Location") ?? "";
  throw new Error(
    `Cannot ${action}: the registry answered ${response.status} ${text.slice(0, 200)}`.trimEnd(),
  );
}

/** The digest of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
