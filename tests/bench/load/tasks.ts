import { createHash } from "node:crypto";
import { Connection } from "./connection.ts";
import { Content } from "./content.ts";
import {
  type ChunkTimes,
  pushBlob,
  pushChunks,
  pushImage,
  type PushMode,
  pushTimed,
  sendBare,
} from "./push.ts";

export { pushImages, pushTags, sendRequests } from "./comparison.ts";

/** Fields of every task. */
interface To {
  /** The server's port on the loopback interface. */
  readonly port: number;
}

/** Pulls a path several times over one connection. */
export async function pull({ port, path, times }: To & { path: string; times: number }): Promise<void> {
  using connection = await Connection.open(port);
  for (let i = 0; i < times; i++) await expectOk(connection, path);
}

/**
 * Pulls from several servers in turn, so often from each, after once that does not count. Answers the seconds of each
 * pull, by server.
 */
export async function race(
  { targets, times }: { targets: (To & { path: string })[]; times: number },
): Promise<number[][]> {
  using connections = new DisposableStack();
  const runners = [];
  for (const { port, path } of targets) {
    runners.push({ connection: connections.use(await Connection.open(port)), path, seconds: [] as number[] });
  }
  for (let i = 0; i <= times; i++) {
    for (const runner of runners.keys()) {
      const { connection, path, seconds } = runners[(i + runner) % runners.length]!;
      const began = performance.now();
      await expectOk(connection, path);
      if (i > 0) seconds.push((performance.now() - began) / 1000);
    }
  }
  return runners.map(({ seconds }) => seconds);
}

/** Sends so many HEADs over some connections at the same time, for the paths in turn. (wrk can not: it waits for bodies.) */
export async function head({ port, paths, count }: To & { paths: string[]; count: number }): Promise<void> {
  let sent = 0;
  const sendAll = async () => {
    using connection = await Connection.open(port);
    while (sent < count) {
      const path = paths[sent++ % paths.length]!;
      const { status } = await connection.request({ method: "HEAD", path });
      if (status !== 200) throw new Error(`Expected 200 for HEAD ${path}, got ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, sendAll));
}

/** Pulls several paths at the same time. */
export async function pullAll({ port, paths }: To & { paths: string[] }): Promise<void> {
  await Promise.all(paths.map(async (path) => {
    using connection = await Connection.open(port);
    await expectOk(connection, path);
  }));
}

/**
 * Pulls several paths at the same time, a little now and then, and goes away in the middle: 64 KiB every 20 milliseconds
 * for some seconds. Answers the bytes that each connection has taken.
 */
export async function pullSlowly(
  { port, paths, seconds }: To & { paths: string[]; seconds: number },
): Promise<number[]> {
  const until = performance.now() + seconds * 1000;
  return await Promise.all(paths.map(async (path) => {
    using connection = await Connection.open(port);
    await connection.send({ method: "GET", path });
    const buffer = new Uint8Array(64 * 1024);
    let taken = 0;
    while (performance.now() < until) {
      taken += await connection.read(buffer);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return taken;
  }));
}

/** Pushes so many blobs of `size` bytes, all at once or one after the other; answers their digests. */
export async function push(
  { port, repository, mode, size, count, concurrent }: To & {
    repository: string;
    mode: PushMode;
    size: number;
    count: number;
    concurrent: boolean;
  },
): Promise<string[]> {
  const contents = Array.from({ length: count }, () => new Content(size));
  const pushOne = async (content: Content) => {
    using connection = await Connection.open(port);
    await pushBlob(connection, repository, content, mode);
  };
  if (concurrent) await Promise.all(contents.map(pushOne));
  else for (const content of contents) await pushOne(content);
  return contents.map((content) => content.digest);
}

/**
 * Pushes a blob of `size` bytes in the PUT that says its digest, to a registry and to a bare server in turn, so often to
 * each. Answers the seconds of each PUT.
 */
export async function racePuts(
  { registry, bare, size, times }: {
    registry: To & { repository: string };
    bare: To & { path: string };
    size: number;
    times: number;
  },
): Promise<{ registry: number[]; bare: number[] }> {
  using toRegistry = await Connection.open(registry.port);
  using toBare = await Connection.open(bare.port);
  const runners = {
    registry: (content: Content) => pushBlob(toRegistry, registry.repository, content, "put"),
    bare: (content: Content) => sendBare(toBare, `${bare.path}?digest=${content.digest}`, content, "put"),
  };
  const seconds = { registry: [] as number[], bare: [] as number[] };
  for (let i = 0; i < times; i++) {
    for (const name of i % 2 === 0 ? ["registry", "bare"] as const : ["bare", "registry"] as const) {
      const content = new Content(size);
      const began = performance.now();
      await runners[name](content);
      seconds[name].push((performance.now() - began) / 1000);
    }
  }
  return seconds;
}

/** Pushes one blob of `size` bytes in a PATCH; answers its digest, and the milliseconds of its commit. */
export async function pushLarge(
  { port, repository, size }: To & { repository: string; size: number },
): Promise<{ digest: string; commit: number }> {
  const content = new Content(size);
  using connection = await Connection.open(port);
  return { digest: content.digest, commit: await pushTimed(connection, repository, content) };
}

/** Pulls a path once, and answers the digest of what came. */
export async function pullDigest({ port, path }: To & { path: string }): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const hash = createHash("sha256");
  for await (const bytes of response.body!) hash.update(bytes);
  return `sha256:${hash.digest("hex")}`;
}

/** Sends so many bodies of `size` bytes to a bare server, one after the other. */
export async function send(
  { port, path, mode, size, count }: To & { path: string; mode: PushMode; size: number; count: number },
): Promise<void> {
  const contents = Array.from({ length: count }, () => new Content(size));
  for (const content of contents) {
    using connection = await Connection.open(port);
    await sendBare(connection, path, content, mode);
  }
}

/** Pushes one blob in `count` chunks of `size` bytes. */
export async function chunks(
  { port, repository, size, count, ranges }: To & {
    repository: string;
    size: number;
    count: number;
    ranges: boolean;
  },
): Promise<ChunkTimes> {
  const content = new Content(size * count);
  using connection = await Connection.open(port);
  return await pushChunks(connection, repository, content, { size, ranges });
}

/** Pushes so many images, tagged `image-0` and so on, each with a configuration of its own; answers their digests. */
export async function populate(
  { port, repository, count }: To & { repository: string; count: number },
): Promise<{ manifests: string[]; blobs: string[] }> {
  const layer = new Content(4096);
  using connection = await Connection.open(port);
  await pushBlob(connection, repository, layer, "put");
  const manifests: string[] = [];
  const blobs: string[] = [];
  let next = 0;
  const pushNext = async () => {
    using connection = await Connection.open(port);
    while (next < count) {
      const index = next++;
      const config = new Content(256);
      blobs[index] = config.digest;
      const { digest, size } = layer;
      manifests[index] = await pushImage(connection, repository, config, { digest, size }, `image-${index}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, pushNext));
  return { manifests, blobs };
}

/**
 * Pulls a path again and again, once a millisecond at most: for some seconds, and then for as long as these logins take,
 * which all begin at once. Answers the milliseconds of each pull. `logins` are values of `Authorization`.
 */
export async function pullBesideLogins(
  { port, path, headers, seconds, tokenPath, logins }: To & {
    path: string;
    headers: Record<string, string>;
    seconds: number;
    tokenPath: string;
    logins: string[];
  },
): Promise<{ before: number[]; during: number[] }> {
  using connection = await Connection.open(port);
  const pullUntil = async (ended: () => boolean): Promise<number[]> => {
    const times: number[] = [];
    while (!ended()) {
      const began = performance.now();
      await expectOk(connection, path, headers);
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return times;
  };
  const end = performance.now() + seconds * 1000;
  const before = await pullUntil(() => performance.now() > end);
  let done = false;
  const loggedIn = Promise.all(logins.map(async (authorization) => {
    using connection = await Connection.open(port);
    await expectOk(connection, tokenPath, { Authorization: authorization });
  })).finally(() => done = true);
  const during = await pullUntil(() => done);
  await loggedIn;
  return { before, during };
}

/** Pushes so many small images, one after the other; answers the milliseconds of each. */
export async function pushTimes(
  { port, repository, count }: To & { repository: string; count: number },
): Promise<number[]> {
  using connection = await Connection.open(port);
  const layer = new Content(4096);
  await pushBlob(connection, repository, layer, "put");
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const config = new Content(256);
    const began = performance.now();
    await pushImage(connection, repository, config, { digest: layer.digest, size: layer.size }, `image-${i}`);
    times.push(performance.now() - began);
  }
  return times;
}

async function expectOk(
  connection: Connection,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { status } = await connection.request({ method: "GET", path, headers });
  if (status !== 200) throw new Error(`Expected 200 for ${path}, got ${status}`);
}
