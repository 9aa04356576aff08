import { assertEquals, assertThrows } from "@std/assert";
import { readerOf } from "./body_reader.ts";
import type { ByteStream } from "./registry.ts";

const BYTES = Uint8Array.of(1, 2, 3, 4, 5);

function stream(type?: "bytes"): ByteStream {
  if (type === undefined) return ReadableStream.from([BYTES.slice()]);
  return new ReadableStream({
    type,
    start(controller) {
      controller.enqueue(BYTES.slice());
      controller.close();
    },
  });
}

Deno.test("readerOf() reads into the buffer that it is given, and hands it back", async () => {
  const reader = readerOf(stream("bytes"), true);
  const buffer = new ArrayBuffer(8);
  const { value } = await reader.read(new Uint8Array(buffer, 0, 3));
  assertEquals([value, value?.buffer.byteLength, buffer.detached], [BYTES.slice(0, 3), 8, true]);
  const rest = await reader.read(new Uint8Array(value!.buffer));
  assertEquals(rest.value, BYTES.slice(3));
});

Deno.test("readerOf() takes the chunks of a stream that can't read into buffers", async () => {
  const reader = readerOf(stream(), true);
  const view = new Uint8Array(3);
  assertEquals((await reader.read(view)).value, BYTES);
  assertEquals([view.length, (await reader.read(view)).done], [3, true]);
});

Deno.test("readerOf() takes no stream that somebody else reads", () => {
  for (const type of [undefined, "bytes"] as const) {
    const locked = stream(type);
    locked.getReader();
    assertThrows(() => readerOf(locked, true), TypeError);
  }
});
