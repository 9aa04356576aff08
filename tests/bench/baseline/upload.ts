/**
 * The least that can take a body, hash it and keep it in a file under `FOLDER`, in each of the ways that seem good: the
 * path names one. `/no-http` does the same with `SIZE` bytes that are there already.
 *
 * @module
 */

import { createHash, randomUUID } from "node:crypto";

type Body = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const folder = Deno.env.get("FOLDER")!;
const MIB = 1024 * 1024;

const WAYS: Record<string, (body: Body) => Promise<string>> = {
  "/each-chunk": writeEachChunk,
  "/blocks": writeBlocks,
  "/blocks-sync": writeBlocksSync,
};

Deno.serve(
  { hostname: Deno.env.get("HOST")!, port: Number(Deno.env.get("PORT")), onListen() {} },
  async (request) => {
    const path = new URL(request.url).pathname;
    if (path === "/no-http") return new Response(await writeEachChunk(ownBytes()));
    const way = WAYS[path];
    return new Response(way === undefined ? null : await way(request.body!));
  },
);

function* ownBytes(): Generator<Uint8Array> {
  const block = crypto.getRandomValues(new Uint8Array(64 * 1024));
  for (let size = Number(Deno.env.get("SIZE")); size > 0; size -= block.length) yield block;
}

/** Hashes and writes whatever comes as it comes. */
async function writeEachChunk(body: Body): Promise<string> {
  const hash = createHash("sha256");
  await intoFile(async (file) => {
    for await (const chunk of body) {
      hash.update(chunk);
      for (let rest = chunk; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
    }
  });
  return hash.digest("hex");
}

/** Collects one MiB at a time. */
async function writeBlocks(body: Body): Promise<string> {
  const hash = createHash("sha256");
  await intoFile(async (file) => {
    for await (const block of blocksOf(body)) {
      hash.update(block);
      for (let rest = block; rest.length > 0;) rest = rest.subarray(await file.write(rest));
    }
  });
  return hash.digest("hex");
}

/** Collects one MiB at a time, and waits for nothing while it is written. */
async function writeBlocksSync(body: Body): Promise<string> {
  const hash = createHash("sha256");
  await intoFile(async (file) => {
    for await (const block of blocksOf(body)) {
      hash.update(block);
      for (let rest = block; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
    }
  });
  return hash.digest("hex");
}

async function* blocksOf(body: Body): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(MIB);
  let filled = 0;
  for await (const chunk of body) {
    for (let rest = chunk; rest.length > 0;) {
      const taken = rest.subarray(0, MIB - filled);
      block.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      if (filled < MIB) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

async function intoFile(write: (file: Deno.FsFile) => Promise<void>): Promise<void> {
  using file = await Deno.open(`${folder}/${randomUUID()}`, { createNew: true, write: true });
  await write(file);
  await file.sync();
}
