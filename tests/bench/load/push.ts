import type { Answer, Connection, RequestHead } from "./connection.ts";
import type { Content } from "./content.ts";

/**
 * Way of a push: in the PUT, or in a PATCH that an empty PUT follows, either of unknown length, as docker does it, or
 * with an announced length.
 */
export type PushMode = "put" | "patch" | "sized-patch";

/** Pushes a blob by an upload. */
export async function pushBlob(
  connection: Connection,
  repository: string,
  content: Content,
  mode: PushMode,
): Promise<void> {
  const location = await beginUpload(connection, repository);
  if (mode === "put") {
    await expectStatus(201, connection, ...putOf(withDigest(location, content.digest), content));
    return;
  }
  const [head, body] = mode === "patch" ? patchOf(location, content) : putOf(location, content);
  const answer = await expectStatus(202, connection, { ...head, method: "PATCH" }, body);
  await commitUpload(connection, locationOf(answer), content.digest);
}

/** Sends the bytes to a server that does nothing but store them, in the form that a push would have. */
export async function sendBare(
  connection: Connection,
  path: string,
  content: Content,
  mode: PushMode,
): Promise<void> {
  await expectStatus(200, connection, ...(mode === "patch" ? patchOf(path, content) : putOf(path, content)));
}

/** Milliseconds after which a store has written to its disk what it has taken: that is not what a commit costs. */
const SETTLING_MS = 10_000;

/** Pushes a blob in one PATCH of unknown length, and answers the milliseconds that the empty PUT behind it takes. */
export async function pushTimed(
  connection: Connection,
  repository: string,
  content: Content,
): Promise<number> {
  const location = await beginUpload(connection, repository);
  await expectStatus(202, connection, ...patchOf(location, content));
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
  const began = performance.now();
  await commitUpload(connection, location, content.digest);
  return performance.now() - began;
}

/** Milliseconds that an upload in chunks has taken. */
export interface ChunkTimes {
  /** The first half of the chunks. */
  first: number;
  /** The second half of the chunks. */
  second: number;
  /** The empty PUT behind them. */
  commit: number;
}

/** Pushes a blob in chunks of `size` bytes, which `Content-Range` announces or not. */
export async function pushChunks(
  connection: Connection,
  repository: string,
  content: Content,
  { size, ranges }: { size: number; ranges: boolean },
): Promise<ChunkTimes> {
  const location = await beginUpload(connection, repository);
  const times = [performance.now()];
  for (const [from, to] of [[0, content.size / 2], [content.size / 2, content.size]] as const) {
    for (let at = from; at < to; at += size) {
      const headers = {
        "Content-Length": `${size}`,
        "Content-Type": "application/octet-stream",
        ...(ranges ? { "Content-Range": `${at}-${at + size - 1}` } : {}),
      };
      const head = { method: "PATCH", path: location, headers };
      await expectStatus(202, connection, head, content.blocks(at, at + size));
    }
    times.push(performance.now());
  }
  await commitUpload(connection, location, content.digest);
  const [start = 0, middle = 0, end = 0] = times;
  return { first: middle - start, second: end - middle, commit: performance.now() - end };
}

/** Pushes an image manifest and its configuration, which differ for every `index`. */
export async function pushImage(
  connection: Connection,
  repository: string,
  config: Content,
  layer: Described,
  reference: string,
): Promise<string> {
  const path = `/v2/${repository}/blobs/uploads/?digest=${config.digest}`;
  const headers = { "Content-Length": `${config.size}`, "Content-Type": "application/octet-stream" };
  await expectStatus(201, connection, { method: "POST", path, headers }, config.blocks());
  return await pushManifest(connection, repository, { config, layers: [layer] }, reference);
}

/** A blob, as a manifest refers to it. */
export type Described = Pick<Content, "digest" | "size">;

/** Pushes the manifest of an image, and answers its digest. */
export async function pushManifest(
  connection: Connection,
  repository: string,
  { config, layers }: { config: Described; layers: readonly Described[] },
  reference: string,
): Promise<string> {
  const descriptor = (mediaType: string, { digest, size }: Described) => ({ mediaType, digest, size });
  const manifest = new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: layers.map((layer) => descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)),
  }));
  const { headers: answer } = await expectStatus(201, connection, {
    method: "PUT",
    path: `/v2/${repository}/manifests/${reference}`,
    headers: {
      "Content-Length": `${manifest.length}`,
      "Content-Type": "application/vnd.oci.image.manifest.v1+json",
    },
  }, [manifest]);
  return answer.get("docker-content-digest") ?? "";
}

/** Begins an upload and answers its path. */
export async function beginUpload(connection: Connection, repository: string): Promise<string> {
  const head = {
    method: "POST",
    path: `/v2/${repository}/blobs/uploads/`,
    headers: { "Content-Length": "0" },
  };
  return locationOf(await expectStatus(202, connection, head));
}

/** Path and query of the upload that the answer names. */
function locationOf({ headers }: Answer): string {
  const location = headers.get("location");
  if (location === undefined) throw new Error("Upload has no location");
  const { pathname, search } = new URL(location, "http://127.0.0.1");
  return pathname + search;
}

function withDigest(path: string, digest: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
}

async function commitUpload(connection: Connection, location: string, digest: string): Promise<void> {
  const path = withDigest(location, digest);
  await expectStatus(201, connection, { method: "PUT", path, headers: { "Content-Length": "0" } });
}

function putOf(path: string, content: Content): [RequestHead, Iterable<Uint8Array>] {
  const headers = { "Content-Length": `${content.size}`, "Content-Type": "application/octet-stream" };
  return [{ method: "PUT", path, headers }, content.blocks()];
}

function patchOf(path: string, content: Content): [RequestHead, Iterable<Uint8Array>] {
  const headers = { "Transfer-Encoding": "chunked", "Content-Type": "application/octet-stream" };
  return [{ method: "PATCH", path, headers }, content.chunkedBody()];
}

async function expectStatus(
  status: number,
  connection: Connection,
  head: RequestHead,
  body: Iterable<Uint8Array> = [],
): Promise<Answer> {
  const answer = await connection.request(head, body);
  if (answer.status === status) return answer;
  throw new Error(`Expected ${status} for ${head.method} ${head.path}, got ${answer.status}`);
}
