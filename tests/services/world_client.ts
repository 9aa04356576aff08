import { assertEquals } from "@std/assert";
import type { Manifest } from "../clients/served.ts";
import { type WireAnswer, WireConnection } from "../harness/wire.ts";

/** Media types that docker, podman and containerd accept. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
].join(", ");

/** Behaviour of a client. */
export interface ClientKind {
  /**
   * True if it opens a connection for every request, as docker and podman do, and fetches the layers at the same time.
   * Otherwise all requests follow each other on one connection.
   */
  isNewConnectionEach: boolean;
  /** `Authorization` of its requests. */
  authorization?: string;
}

/** A finished pull. */
export interface Pull {
  requests: number;
  connections: number;
  /** Requests that the shared cache has sent on. */
  misses: number;
}

/** An image under a tag or digest. */
export interface Named {
  repository: string;
  reference: string;
}

/** Pulls an image at a public host: ping, HEAD of the reference, index, first manifest, configuration, layers. */
export async function pull(
  { host, port }: { host: string; port: number },
  { repository, reference }: Named,
  kind: ClientKind,
): Promise<Pull> {
  const count: Pull = { requests: 0, connections: 0, misses: 0 };
  let open: WireConnection | undefined;

  async function send(method: string, path: string): Promise<WireAnswer> {
    const connection = open ?? new WireConnection(await Deno.connect({ port }));
    if (open === undefined) count.connections++;
    if (!kind.isNewConnectionEach) open = connection;
    count.requests++;
    try {
      const answer = await connection.request(method, path, {
        Host: host,
        Accept: ACCEPT,
        ...(kind.authorization && { Authorization: kind.authorization }),
      });
      assertEquals(answer.status, 200, `${method} ${path}`);
      if (answer.headers.get("x-cache") !== "hit") count.misses++;
      return answer;
    } finally {
      if (kind.isNewConnectionEach) connection.close();
    }
  }

  const manifestPath = (reference: string) => `/v2/${repository}/manifests/${reference}`;
  const blobPath = ({ digest }: { digest: string }) => `/v2/${repository}/blobs/${digest}`;
  async function getManifest(digest: string): Promise<Manifest> {
    const { body } = await send("GET", manifestPath(digest));
    return JSON.parse(new TextDecoder().decode(body));
  }

  await send("GET", "/v2/");
  const { headers } = await send("HEAD", manifestPath(reference));
  const index = await getManifest(headers.get("docker-content-digest")!);
  const { config, layers: descriptors } = await getManifest(index.manifests![0]!.digest);
  await send("GET", blobPath(config!));
  const layers = descriptors!.map(blobPath);
  if (kind.isNewConnectionEach) await Promise.all(layers.map((path) => send("GET", path)));
  else for (const path of layers) await send("GET", path);
  open?.close();
  return count;
}
