/** An upload whose chunks go to one process after the other while these are killed. */
import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { createHash, randomBytes } from "node:crypto";
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from "../faults/fault_proxy.ts";
import { type Cluster, type Replica, startCluster } from "../harness/cluster.ts";

/** Bytes of a chunk: what the store takes as a part, so that none of them has to be sent to it twice. */
const CHUNK_BYTES = 5 * 1024 * 1024;

const CHUNKS = 200;

/** Content of which one chunk is held at a time. */
class Chunks {
  readonly size: number;
  readonly digest: string;
  readonly #block = new Uint8Array(randomBytes(CHUNK_BYTES));

  constructor(count: number) {
    this.size = count * CHUNK_BYTES;
    const hash = createHash("sha256");
    for (let at = 0; at < this.size; at += CHUNK_BYTES) hash.update(this.at(at));
    this.digest = `sha256:${hash.digest("hex")}`;
  }

  /** The chunk that begins there; it is overwritten when the next one is asked for. */
  at(offset: number): Uint8Array<ArrayBuffer> {
    new DataView(this.#block.buffer).setUint32(0, offset / CHUNK_BYTES);
    return this.#block;
  }
}

/** A client that goes to another process each time, and asks how far the upload is where it was given no answer. */
class Uploader {
  readonly #replicas: readonly Replica[];
  #next = 0;
  #location = "";
  /** Requests that a process did not answer, or refused because it was being stopped. */
  lost = 0;

  constructor({ replicas }: Cluster) {
    this.#replicas = replicas;
  }

  /** The process that the last request went to. */
  get last(): Replica {
    return this.#replicas[(this.#next + this.#replicas.length - 1) % this.#replicas.length]!;
  }

  async begin(repository: string): Promise<void> {
    this.#location = `/v2/${repository}/blobs/uploads/`;
    const { headers } = await this.#send(202, { method: "POST" });
    this.#location = headers.get("Location")!;
  }

  /** Sends the chunk at this offset, and answers the offset of the one that is to follow. */
  async append(offset: number, body: Uint8Array<ArrayBuffer>): Promise<number> {
    const headers = { "Content-Range": `${offset}-${offset + body.length - 1}` };
    try {
      return offsetOf(await this.#send(202, { method: "PATCH", headers, body }));
    } catch (error) {
      this.#count(error);
      return await this.#whereItStands();
    }
  }

  async commit(digest: string): Promise<void> {
    await this.#untilAnswered(() => this.#send(201, { method: "PUT" }, `?digest=${digest}`));
  }

  async #whereItStands(): Promise<number> {
    return offsetOf(await this.#untilAnswered(() => this.#send(204, { method: "GET" })));
  }

  /** For what may be asked twice. */
  async #untilAnswered(ask: () => Promise<Response>): Promise<Response> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        this.#count(error);
      }
    }
  }

  /** Counts a request that was not answered; another error is thrown again. */
  #count(error: unknown): void {
    // `fetch` throws a TypeError for a broken connection.
    if (!(error instanceof TypeError || error instanceof Stopping)) throw error;
    this.lost++;
  }

  async #send(status: number, init: RequestInit, query = ""): Promise<Response> {
    const { url } = this.#replicas[this.#next++ % this.#replicas.length]!;
    const response = await fetch(url + this.#location + query, init);
    if (response.status === 503) throw new Stopping(await response.text());
    assertEquals(response.status, status, `${init.method}: ${await response.text()}`);
    return response;
  }
}

/** The answer of a process that is being stopped: the client asks another one. */
class Stopping extends Error {}

/** The end of the `Range` of an upload that has at least one chunk. */
function offsetOf({ headers }: Response): number {
  return Number(headers.get("Range")?.split("-")[1]) + 1;
}

/** The digest of what a client of the balancer is given. */
async function pulled({ url }: Cluster, { digest }: Chunks): Promise<string> {
  const response = await fetch(`${url}/v2/chunks/blobs/${digest}`);
  const hash = createHash("sha256");
  for await (const bytes of response.body!) hash.update(bytes);
  return `sha256:${hash.digest("hex")}`;
}

/** Replicas behind which the requests for the S3 server, and its bytes, are counted. */
async function startCounted(onRequest: FaultProxyOptions["onRequest"] = () => {}) {
  let counter: FaultProxy | undefined;
  const cluster = await startCluster({
    between({ s3, dynamoDb }) {
      const { url, [Symbol.asyncDispose]: dispose } = counter = startFaultProxy({ upstream: s3, onRequest });
      return Promise.resolve({ s3: url, dynamoDb, [Symbol.asyncDispose]: dispose });
    },
  });
  return { cluster, traffic: counter!.traffic, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

Deno.test("an upload goes on at any process while one after the other is killed", async () => {
  await using counted = await startCounted();
  const { cluster, traffic } = counted;
  const content = new Chunks(CHUNKS);
  const uploader = new Uploader(cluster);
  await uploader.begin("chunks");

  const sentBefore = traffic.sent;
  let dead = uploader.last;
  let restarted: Promise<void> | undefined;
  for (let offset = 0; offset < content.size;) {
    const before = offset;
    offset = await uploader.append(before, content.at(before));
    if (offset === before) continue;
    // Each is away long enough for the client to come by.
    if (offset % (10 * CHUNK_BYTES) === 0) {
      await restarted;
      dead = uploader.last;
      await dead.kill();
    } else if (offset % (10 * CHUNK_BYTES) === 5 * CHUNK_BYTES) restarted = dead.restart();
  }
  await uploader.commit(content.digest);

  const sent = (traffic.sent - sentBefore) / content.size;
  console.log(`${uploader.lost} requests lost, ${sent.toFixed(3)} times the blob sent to the store`);
  assertGreaterOrEqual(uploader.lost, CHUNKS / 10);
  assertLessOrEqual(sent, 1.15);
  assertEquals(await pulled(cluster, content), content.digest);
});

Deno.test("an upload goes on when its process dies in the middle of a chunk", async () => {
  let strike: (() => Promise<void>) | undefined;
  let died: Promise<void> | undefined;
  await using counted = await startCounted(({ target }) => {
    if (target.includes("partNumber=2")) died ??= strike?.();
  });
  const { cluster } = counted;
  const content = new Chunks(4);
  const uploader = new Uploader(cluster);
  await uploader.begin("chunks");
  for (let offset = 0; offset < content.size;) {
    strike = () => uploader.last.kill();
    offset = await uploader.append(offset, content.at(offset));
  }
  await died;
  assertGreaterOrEqual(uploader.lost, 1);
  await uploader.commit(content.digest);
  assertEquals(await pulled(cluster, content), content.digest);
});
