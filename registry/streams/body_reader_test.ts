import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { source } from "../../tests/harness/body_source.ts";
import { BodyReader } from "./body_reader.ts";
import type { ByteStream } from "../registry.ts";

const IDLE_LIMIT_MS = 60_000;

/** A stream that fills its reader's buffers with `size` bytes, 1 to 250 and again, at most `chunk` at a time. */
function bytesOf(size: number, chunk: number): { stream: ByteStream; views: Set<number> } {
  const views = new Set<number>();
  let at = 0;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view!;
      views.add(view.byteLength);
      const filled = Math.min(chunk, view.byteLength, size - at);
      if (filled === 0) controller.close();
      const target = new Uint8Array(view.buffer, view.byteOffset, filled);
      target.set(target.map((_, i) => (at + i) % 250 + 1));
      at += filled;
      controller.byobRequest!.respond(filled);
    },
  });
  return { stream, views };
}

async function readAll(reader: BodyReader): Promise<number[]> {
  const read: number[] = [];
  for (let bytes; (bytes = await reader.read());) for (const byte of bytes) read.push(byte);
  return read;
}

Deno.test("BodyReader reads a stream of chunks to its end and leaves no timer behind", async () => {
  const { stream } = source([3, 1, 2]);
  assertEquals(await readAll(new BodyReader(stream, { idle: IDLE_LIMIT_MS })), [1, 1, 1, 2, 3, 3]);
});

for (const chunk of [1000, 8208, 20_000]) {
  Deno.test(`BodyReader reads a chunked body by its balance, ${chunk} bytes at a time`, async () => {
    const { stream, views } = bytesOf(50_000, chunk);
    const read = await readAll(new BodyReader(stream, { idle: IDLE_LIMIT_MS }));
    assertEquals(read, Array.from({ length: 50_000 }, (_, i) => i % 250 + 1));
    assertEquals([...views], [8 * 1024 + 16]);
  });
}

Deno.test("BodyReader asks a body of known length for much of it at once, and for no more than there is", async () => {
  for (const [length, view] of [[1_000_000, 64 * 1024], [50_000, 50_000], [0, 1]] as const) {
    const { stream, views } = bytesOf(length, 1_000_000);
    assertEquals((await readAll(new BodyReader(stream, { idle: IDLE_LIMIT_MS, length }))).length, length);
    assertEquals([...views], [view]);
  }
});

Deno.test("BodyReader takes no memory for its buffer before the first read", async () => {
  const { external } = Deno.memoryUsage();
  const readers = Array.from({ length: 1000 }, () => {
    return new BodyReader(source([]).stream, { idle: IDLE_LIMIT_MS, length: 1_000_000 });
  });
  const grown = Deno.memoryUsage().external - external;
  for (const reader of readers) await reader.cancel();
  assert(grown < 10_000_000, `1,000 readers hold ${grown} bytes`);
});

Deno.test("BodyReader reads no further than it is asked to", async () => {
  const { stream, state } = source([], "endless");
  const reader = new BodyReader(stream, { idle: IDLE_LIMIT_MS });
  await reader.read();
  await reader.read();
  assertEquals(state.pulled, 2048);
  await reader.cancel();
});

Deno.test("BodyReader breaks with 408 and lets the source go when nothing comes", async () => {
  const { stream, state } = source([5], "stall");
  const reader = new BodyReader(stream, { idle: 20 });
  assertEquals((await reader.read())?.byteLength, 5);
  const error = await assertRejects(() => reader.read(), RegistryError);
  assertEquals([error.status, error.code], [408, "BLOB_UPLOAD_INVALID"]);
  assert(state.cancelled);
});

Deno.test("BodyReader breaks with 408 while its buffer waits to be filled", async () => {
  const reader = new BodyReader(new ReadableStream({ type: "bytes" }), { idle: 20 });
  assertEquals((await assertRejects(() => reader.read(), RegistryError)).status, 408);
});

Deno.test("BodyReader does not count the time between reads", async () => {
  const { stream } = source([1, 1]);
  const reader = new BodyReader(stream, { idle: 10 });
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals((await reader.read())?.byteLength, 1);
  assertEquals(await reader.read(), undefined);
});

Deno.test("BodyReader says that the client broke off when the source fails", async () => {
  const { stream } = source([1], "break");
  const reader = new BodyReader(stream, { idle: IDLE_LIMIT_MS });
  await reader.read();
  const error = await assertRejects(() => reader.read(), RegistryError);
  assertEquals(error.status, 400);
  assertEquals((error.cause as Error).message, "Connection reset");
});

Deno.test("BodyReader ends a body with 503 when the process stops, before and during a read", async () => {
  const { stream, state } = source([1], "stall");
  const stop = new AbortController();
  const reader = new BodyReader(stream, { idle: IDLE_LIMIT_MS, stop: stop.signal });
  await reader.read();
  const pending = assertRejects(() => reader.read(), RegistryError);
  stop.abort();
  assertEquals((await pending).status, 503);
  assert(state.cancelled);
  const unread = source([1], "stall");
  const late = new BodyReader(unread.stream, { idle: IDLE_LIMIT_MS, stop: stop.signal });
  assertEquals((await assertRejects(() => late.read(), RegistryError)).status, 503);
  assert(unread.state.cancelled);
});

Deno.test("BodyReader gives up the source and its timer when it is cancelled", async () => {
  for (const reads of [0, 1]) {
    const { stream, state } = source([1], "stall");
    const reader = new BodyReader(stream, { idle: IDLE_LIMIT_MS });
    for (let i = 0; i < reads; i++) await reader.read();
    await reader.cancel();
    assert(state.cancelled, `after ${reads} reads`);
  }
});
