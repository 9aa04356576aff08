/**
 * Load that registries are compared by: every task reports the milliseconds of each operation.
 *
 * @module
 */
import { Connection } from "./connection.ts";
import { Content } from "./content.ts";
import { pushBlob, pushManifest } from "./push.ts";

/** Operations that were done, and their times. */
export interface Done {
  /** Seconds from the first to the last. */
  seconds: number;
  /** Milliseconds of each operation. */
  times: number[];
}

/** Images to push. */
export interface ImageLoad {
  /** Port on the loopback interface. */
  readonly port: number;
  /** Prefix of the repositories, so that no two tasks push into the same ones. */
  readonly prefix: string;
  /** `put`: POST, then PUT with the body. `docker`: HEAD, POST, PATCH in chunks, empty PUT. */
  readonly way: "put" | "docker";
  /** Bytes of a layer. */
  readonly size: number;
  /** Layers of an image. */
  readonly layers: number;
  /** Images. */
  readonly count: number;
  /** Images at a time. */
  readonly clients: number;
  /** True if every image has the same layers, pushed before. Each image has a repository of its own then. */
  readonly known: boolean;
}

/** Pushes images. Answers the paths of their layers as well. */
export async function pushImages(load: ImageLoad): Promise<Done & { paths: string[] }> {
  const { port, prefix, way, size, layers, count, clients, known } = load;
  const fresh = () => Array.from({ length: layers }, () => new Content(size));
  const shared = known ? fresh() : [];
  if (known) {
    using connection = await Connection.open(port);
    await push(connection, `${prefix}/first`, shared, way);
  }
  // Made before the clock starts: hashing is no part of the push.
  const images = Array.from({ length: count }, () => known ? shared : fresh());
  const paths: string[] = [];
  const done = await repeat(port, clients, until(count), async (connection, index) => {
    const repository = known ? `${prefix}/${index}` : prefix;
    await push(connection, repository, images[index]!, way, `image-${index}`);
    paths.push(...images[index]!.map(({ digest }) => `/v2/${repository}/blobs/${digest}`));
  });
  return { ...done, paths };
}

async function push(
  connection: Connection,
  repository: string,
  layers: readonly Content[],
  way: ImageLoad["way"],
  tag = "latest",
): Promise<void> {
  const config = freshConfig(layers);
  for (const content of [...layers, config]) {
    if (way === "docker") {
      const path = `/v2/${repository}/blobs/${content.digest}`;
      const { status } = await connection.request({ method: "HEAD", path });
      if (status === 200) continue;
    }
    await pushBlob(connection, repository, content, way === "docker" ? "patch" : "put");
  }
  await pushManifest(connection, repository, { config, layers }, tag);
}

/** Configuration of an image; zot reads it. */
function freshConfig(layers: readonly Content[]): Content {
  return new Content(new TextEncoder().encode(JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { Labels: { build: crypto.randomUUID() } },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  })));
}

/** Tags to push. */
export interface TagLoad {
  /** Port on the loopback interface. */
  readonly port: number;
  readonly repository: string;
  /** Tags, all of one image. */
  readonly count: number;
}

/** Pushes one small image under many tags: `image-0` and so on. Answers the paths of what a client asks for. */
export async function pushTags(
  { port, repository, count }: TagLoad,
): Promise<{ manifest: string; blob: string }> {
  using connection = await Connection.open(port);
  const layer = new Content(4096);
  const config = freshConfig([layer]);
  for (const content of [layer, config]) await pushBlob(connection, repository, content, "put");
  const manifest = { config, layers: [layer] };
  const digest = await pushManifest(connection, repository, manifest, "image-0");
  await repeat(port, 8, until(count - 1), async (connection, index) => {
    await pushManifest(connection, repository, manifest, `image-${index + 1}`);
  });
  return {
    manifest: `/v2/${repository}/manifests/${digest}`,
    blob: `/v2/${repository}/blobs/${layer.digest}`,
  };
}

/** Requests to send. */
export interface RequestLoad {
  /** Port on the loopback interface. */
  readonly port: number;
  /** Method of all requests. */
  readonly method: "GET" | "HEAD";
  /** Paths, which are requested in turn. */
  readonly paths: readonly string[];
  /** Status of every answer. */
  readonly status: number;
  /** Requests, or the seconds that they go on for. */
  readonly amount: { readonly count: number } | { readonly seconds: number };
  /** Requests at a time. */
  readonly clients: number;
  /** True if each request has a connection of its own. */
  readonly reconnects?: boolean;
}

/** As docker sends it. `*` alone is not enough for distribution. */
const ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*";

/** Sends requests without a body. */
export async function sendRequests(load: RequestLoad): Promise<Done> {
  const { port, method, paths, status, amount, clients, reconnects = false } = load;
  const isEnough = "count" in amount ? until(amount.count) : forSeconds(amount.seconds);
  return await repeat(port, clients, isEnough, async (kept, index) => {
    const path = paths[index % paths.length]!;
    using own = reconnects ? await Connection.open(port) : undefined;
    const connection = own ?? kept;
    const answer = await connection.request({ method, path, headers: { Accept: ACCEPT } });
    if (answer.status !== status) throw new Error(`Expected ${status} for ${path}, got ${answer.status}`);
  });
}

/** True if no operation is to begin after so many. */
type IsEnough = (begun: number) => boolean;

function until(count: number): IsEnough {
  return (begun) => begun >= count;
}

function forSeconds(seconds: number): IsEnough {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
}

/** Repeats an operation. Each client has a connection and does one operation at a time. */
async function repeat(
  port: number,
  clients: number,
  isEnough: IsEnough,
  operation: (connection: Connection, index: number) => Promise<void>,
): Promise<Done> {
  const times: number[] = [];
  let begun = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: clients }, async () => {
    using connection = await Connection.open(port);
    while (!isEnough(begun)) {
      const index = begun++;
      const start = performance.now();
      await operation(connection, index);
      times.push(performance.now() - start);
    }
  }));
  return { seconds: (performance.now() - began) / 1000, times };
}
