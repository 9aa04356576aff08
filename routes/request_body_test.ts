import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../oci/errors.ts";
import type { ByteStream } from "../registry/registry.ts";
import { bodyOf, contentLength, discardBody, idleGuard, readBody } from "./request_body.ts";

const PATIENT = 60_000;

/** A body that hands out `chunks` bytes at a time and then goes on as `end` says; tells whether it was cancelled. */
function source(chunks: number[], end: "close" | "stall" | "break" | "endless" = "close") {
  const state = { cancelled: false, pulled: 0 };
  let index = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const size = chunks[index++] ?? (end === "endless" ? 1024 : undefined);
      if (size !== undefined) {
        state.pulled += size;
        controller.enqueue(new Uint8Array(size).fill(index));
      } else if (end === "close") controller.close();
      else if (end === "break") controller.error(new Error("Connection reset"));
      else return new Promise(() => {});
    },
    cancel() {
      state.cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { stream, state };
}

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

Deno.test("contentLength() is the announced length when there is one", () => {
  assertEquals(contentLength(post(null)), undefined);
  assertEquals(contentLength(post(null, { "Content-Length": "0" })), 0);
  assertEquals(contentLength(post(null, { "Content-Length": "5497558138880" })), 5_497_558_138_880);
});

Deno.test("contentLength() refuses what is no length", () => {
  for (const field of ["-1", "1.5", "x", "", "1, 1", "+1", "1".repeat(16)]) {
    assertThrows(
      () => contentLength(post(null, { "Content-Length": field })),
      RegistryError,
      undefined,
      field,
    );
  }
});

Deno.test("bodyOf() is empty when the request has no body", async () => {
  assertEquals(await new Response(bodyOf(post(null), PATIENT)).bytes(), new Uint8Array());
});

Deno.test("idleGuard() hands on every byte and leaves no timer behind", async () => {
  const { stream } = source([3, 1, 2]);
  const bytes = await new Response(idleGuard(stream, PATIENT)).bytes();
  assertEquals([...bytes], [1, 1, 1, 2, 3, 3]);
});

for (const type of [undefined, "bytes"] as const) {
  const kind = type === undefined ? "a stream of chunks" : "a stream of bytes";
  Deno.test(`idleGuard() fills the buffers of its reader from ${kind}, to the last byte`, async () => {
    const chunks = [Uint8Array.of(1, 2, 3, 4, 5), Uint8Array.of(6)];
    const stream: ByteStream = type === undefined ? ReadableStream.from(chunks) : new ReadableStream({
      type,
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        controller.close();
        controller.byobRequest?.respond(0);
      },
    });
    const reader = idleGuard(stream, PATIENT).getReader({ mode: "byob" });
    const read: number[] = [];
    let view = new Uint8Array(4);
    for (;;) {
      const { done, value } = await reader.read(view);
      if (done) break;
      read.push(...value);
      assertEquals(value.buffer.byteLength, 4);
      view = new Uint8Array(value.buffer);
    }
    assertEquals(read, [1, 2, 3, 4, 5, 6]);
  });
}

Deno.test("idleGuard() breaks with 408 while a buffer waits to be filled", async () => {
  const stream: ByteStream = new ReadableStream({ type: "bytes" });
  const reader = idleGuard(stream, 20).getReader({ mode: "byob" });
  const error = await assertRejects(() => reader.read(new Uint8Array(4)), RegistryError);
  assertEquals(error.status, 408);
});

Deno.test("idleGuard() reads no further than its reader does", async () => {
  const { stream, state } = source([], "endless");
  const reader = idleGuard(stream, PATIENT).getReader();
  await reader.read();
  await reader.read();
  assertEquals(state.pulled, 2048);
  await reader.cancel();
});

Deno.test("idleGuard() breaks with 408 and lets the source go when nothing comes", async () => {
  const { stream, state } = source([5], "stall");
  const reader = idleGuard(stream, 20).getReader();
  assertEquals((await reader.read()).value?.byteLength, 5);
  const error = await assertRejects(() => reader.read(), RegistryError);
  assertEquals([error.status, error.code], [408, "BLOB_UPLOAD_INVALID"]);
  assert(state.cancelled);
});

Deno.test("idleGuard() does not count the time in which nobody reads", async () => {
  const { stream } = source([1, 1]);
  const reader = idleGuard(stream, 10).getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals((await reader.read()).done, false);
  assertEquals((await reader.read()).done, true);
});

Deno.test("idleGuard() says that the client broke off when the source fails", async () => {
  const { stream } = source([1], "break");
  const reader = idleGuard(stream, PATIENT).getReader();
  await reader.read();
  const error = await assertRejects(() => reader.read(), RegistryError);
  assertEquals(error.status, 400);
  assertEquals((error.cause as Error).message, "Connection reset");
});

Deno.test("idleGuard() leaves a body alone that nobody reads", async () => {
  const { stream, state } = source([1], "stall");
  const request = post(stream);
  bodyOf(request, PATIENT);
  await discardBody(request);
  assert(state.cancelled);
});

Deno.test("idleGuard() cancels the source and its timer when the reader cancels", async () => {
  for (const reads of [0, 1]) {
    const { stream, state } = source([1], "stall");
    const reader = idleGuard(stream, PATIENT).getReader();
    for (let i = 0; i < reads; i++) await reader.read();
    await reader.cancel();
    assert(state.cancelled, `after ${reads} reads`);
  }
});

Deno.test("readBody() takes as many bytes as the limit and not one more", async () => {
  assertEquals((await readBody(post(source([6, 4]).stream), 10, PATIENT)).byteLength, 10);
  const error = await assertRejects(() => readBody(post(source([6, 5]).stream), 10, PATIENT), RegistryError);
  assertEquals([error.status, error.code], [413, "SIZE_INVALID"]);
});

Deno.test("readBody() keeps the order of what came in pieces", async () => {
  assertEquals([...await readBody(post(source([2, 1, 1]).stream), 10, PATIENT)], [1, 1, 2, 3]);
});

Deno.test("readBody() lets a body without end go as soon as it passes the limit (CVE-2017-11468)", async () => {
  const { stream, state } = source([], "endless");
  await assertRejects(() => readBody(post(stream), 10_000, PATIENT), RegistryError);
  assert(state.cancelled);
  assert(state.pulled < 20_000, `${state.pulled} bytes were taken`);
});

Deno.test("readBody() reads nothing when the announced length is over the limit", async () => {
  const { stream, state } = source([], "endless");
  const request = post(stream, { "Content-Length": "11" });
  const error = await assertRejects(() => readBody(request, 10, PATIENT), RegistryError);
  assertEquals(error.status, 413);
  assertEquals(state.pulled, 0);
});

Deno.test("discardBody() cancels a body that nobody has read, and leaves one alone that was", async () => {
  const unread = source([1], "stall");
  await discardBody(post(unread.stream));
  assert(unread.state.cancelled);
  const read = source([1]);
  const request = post(read.stream);
  await request.bytes();
  await discardBody(request);
  assertEquals(read.state.cancelled, false);
  await discardBody(post(null));
});
