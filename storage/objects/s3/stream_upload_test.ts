import { createHash } from "node:crypto";
import { assert, assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import { BrokenBodyError, ContentMismatchError, StorageFullError, UnavailableError } from "../../errors.ts";
import { content, read } from "../contract/fixtures.ts";
import { streamOf } from "../contract/streams.ts";
import type { S3ObjectStore } from "./s3_object_store.ts";
import { isNative } from "./stream_upload.ts";
import { makeStore, makeStub } from "./testing/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const BYTES = content(1_000_000);
const CONTENT = { size: BYTES.length, sha256: createHash("sha256").update(BYTES).digest("hex") };

/** A server that stores the body of a request as it comes; `outcome` is what `putStream` throws. */
function startForwarder(store: S3ObjectStore) {
  const { promise: outcome, resolve } = Promise.withResolvers<unknown>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ body }) => {
    resolve(await putOwn(store, body).catch((error) => error));
    return new Response();
  });
  const { port } = server.addr;
  return { port, outcome, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Stores the body of a request. */
async function putOwn(store: S3ObjectStore, body: Request["body"]): Promise<void> {
  assert(body && isNative(body), "This version of Deno does not mark the body of a request as its own");
  assert(store.putStream);
  await store.putStream("a", body, CONTENT);
}

/** Puts what a client sends as the body of a request to this process; answers what `putStream` throws. */
async function putForwarded(store: S3ObjectStore, sent: BodyInit): Promise<unknown> {
  await using forwarder = startForwarder(store);
  const response = await fetch(`http://127.0.0.1:${forwarder.port}`, { method: "PUT", body: sent });
  await response.body?.cancel();
  return await forwarder.outcome;
}

Deno.test("isNative() tells streams of the runtime's from those of JavaScript's", async () => {
  assertFalse(isNative(streamOf(BYTES)));
  assertFalse(isNative(new Blob(["a"]).stream().pipeThrough(new TransformStream())));
  await using stub = await makeStub(async (request) => {
    const piped = request.body!.pipeThrough(new TransformStream());
    const native = isNative(piped);
    await piped.cancel();
    return Response.json(native);
  });
  const response = await fetch(stub.url, { method: "PUT", body: BYTES });
  assertEquals(await response.json(), false);
});

Deno.test("putStream() stores a request's own body in one request", async () => {
  await using made = await makeStore();
  assertEquals(await putForwarded(made.store, BYTES), undefined);
  assertEquals(made.server.requests, { PutObject: 1 });
  assertEquals(await read(made.store, "a"), BYTES);
});

Deno.test("putStream() stores a stream that JavaScript makes in one request", async () => {
  await using made = await makeStore();
  await made.store.putStream?.("a", streamOf(BYTES), CONTENT);
  assertEquals(made.server.requests, { PutObject: 1 });
  assertEquals(await read(made.store, "a"), BYTES);
});

Deno.test("putStream() stores nothing when the body of a request is another", async () => {
  await using made = await makeStore();
  const { store } = made;
  const others = content(BYTES.length, 2);
  assertInstanceOf(await putForwarded(store, others), ContentMismatchError);
  await assertRejects(
    async () => await store.putStream?.("a", streamOf(others), CONTENT),
    ContentMismatchError,
  );
  assertEquals(await store.size("a"), undefined);
});

Deno.test("putStream() stores nothing when the client of the request goes away", async () => {
  await using made = await makeStore();
  await using forwarder = startForwarder(made.store);
  using client = await Deno.connect({ hostname: "127.0.0.1", port: forwarder.port });
  const head = `PUT / HTTP/1.1\r\nHost: skerry\r\nContent-Length: ${BYTES.length}\r\n\r\n`;
  const writer = client.writable.getWriter();
  await writer.write(new TextEncoder().encode(head));
  await writer.write(BYTES.slice(0, BYTES.length / 2));
  await writer.close();
  assertInstanceOf(await forwarder.outcome, BrokenBodyError);
  assertEquals(await made.store.size("a"), undefined);
});

Deno.test("putStream() lets go of a stream that the store does not want", async () => {
  await using made = await makeStub(() => new Response("<Code>AccessDenied</Code>", { status: 403 }));
  const cancelled = Promise.withResolvers<void>();
  const endless = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel: () => cancelled.resolve(),
  });
  await assertRejects(
    async () => await made.store.putStream?.("a", endless, CONTENT),
    Error,
    "AccessDenied",
  );
  await cancelled.promise;
});

Deno.test("putStream() reports the error of the store, once", async () => {
  await using made = await makeStore();
  const { store, server } = made;
  server.quirks.slowDown = 2;
  await assertRejects(async () => await store.putStream?.("a", streamOf(BYTES), CONTENT), UnavailableError);
  assertInstanceOf(await putForwarded(store, BYTES), UnavailableError);
  server.quirks.storageFull = true;
  await assertRejects(async () => await store.putStream?.("a", streamOf(BYTES), CONTENT), StorageFullError);
  assertInstanceOf(await putForwarded(store, BYTES), StorageFullError);
  assertEquals(server.requests, { PutObject: 4 });
});

Deno.test("putStream() gives up when the store is not there", async () => {
  await using made = await makeStore({ deadline: 60 });
  await made.server[Symbol.asyncDispose]();
  await assertRejects(
    async () => await made.store.putStream?.("a", streamOf(BYTES), CONTENT),
    UnavailableError,
  );
});

Deno.test("putStream() is absent when the store does not check", async () => {
  await using made = await makeStore({ verifiesContent: false });
  assertEquals(made.store.putStream, undefined);
});
