/**
 * A minimal server that receives a body, hashes it and stores it in a file under `FOLDER`, in each of several ways: the
 * path names one. `/no-http` does the same with `SIZE` bytes in memory.
 *
 * @module
 */

import { createHash, randomUUID } from "node:crypto";

const folder = Deno.env.get("FOLDER")!;
const KIB = 1024;

/** Bytes of one write. */
const BLOCK_BYTES = 256 * KIB;

/** Ways to receive, hash and store a body. Each returns its digest. */
const WAYS: Record<string, (body: ReadableStream<Uint8Array<ArrayBuffer>>) => Promise<string>> = {
  "/chunks": writeChunks,
  "/views-64k": (body) => writeViews(body, 64 * KIB),
  // In Deno 2.9.6 a chunked body piles up in memory if reads are larger than its chunks.
  "/views-8k": (body) => writeViews(body, 8 * KIB + 16),
};

Deno.serve(
  { hostname: Deno.env.get("HOST")!, port: Number(Deno.env.get("PORT")), onListen() {} },
  async (request) => {
    const path = new URL(request.url).pathname;
    if (path === "/no-http") return new Response(await writeChunks(ownBytes()));
    const way = WAYS[path];
    return new Response(way === undefined ? null : await way(request.body!));
  },
);

function* ownBytes(): Generator<Uint8Array> {
  const block = crypto.getRandomValues(new Uint8Array(64 * KIB));
  for (let size = Number(Deno.env.get("SIZE")); size > 0; size -= block.length) yield block;
}

/** Hashes and writes each chunk as it arrives. */
async function writeChunks(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  using file = await createFile();
  for await (const chunk of body) {
    hash.update(chunk);
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
  }
  await file.sync();
  return hash.digest("hex");
}

/** Reads into one block, at most `view` bytes at a time, and writes it when it is full. */
async function writeViews(body: ReadableStream<Uint8Array<ArrayBuffer>>, view: number): Promise<string> {
  const hash = createHash("sha256");
  using file = await createFile();
  const reader = body.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(BLOCK_BYTES);
  let filled = 0;
  const flush = async () => {
    let rest = new Uint8Array(buffer, 0, filled);
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    filled = 0;
  };
  for (;;) {
    if (BLOCK_BYTES - filled < view) await flush();
    const { done, value } = await reader.read(new Uint8Array(buffer, filled, view));
    if (value !== undefined) buffer = value.buffer;
    if (done) break;
    hash.update(value);
    filled += value.length;
  }
  await flush();
  await file.sync();
  return hash.digest("hex");
}

function createFile(): Promise<Deno.FsFile> {
  return Deno.open(`${folder}/${randomUUID()}`, { createNew: true, write: true });
}
