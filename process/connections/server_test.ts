import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { RequestLog } from "../../routes/mod.ts";
import { serve, type ServerOptions, urlOf } from "./server.ts";

/** A limit that no test reaches. */
const AMPLE_MS = 30_000;

/** A server on a free port that notes what it refuses. */
function setUp(fetch: ServerOptions["fetch"], options: Partial<ServerOptions> = {}) {
  const refused: RequestLog[] = [];
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch,
    refused: (entry) => refused.push(entry),
    acceptFailed: unexpected,
    failed: unexpected,
    ...options,
  });
  return { server, refused };
}

function unexpected(error: Error): void {
  throw error;
}

/** A body whose end a test decides on. */
function openBody(): { stream: ReadableStream<Uint8Array<ArrayBuffer>>; end: () => void } {
  const { readable: stream, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  writer.write(new Uint8Array(1000)).catch(() => {});
  return { stream, end: () => void writer.close().catch(() => {}) };
}

Deno.test("serve() returns its URL", async () => {
  const { server } = setUp(() => new Response("hello"));
  assertEquals(await (await fetch(server.url)).text(), "hello");
  assertEquals(await server.stop(AMPLE_MS), true);
  await assertRejects(() => fetch(server.url), TypeError);
});

Deno.test("serve() throws when the port is taken", async () => {
  const { server } = setUp(() => new Response());
  const port = Number(new URL(server.url).port);
  assertThrows(() => setUp(() => new Response(), { port }), Deno.errors.AddrInUse);
  await server.stop(AMPLE_MS);
});

Deno.test("stop() completes an upload in progress", async () => {
  const begun = Promise.withResolvers<void>();
  const { server } = setUp(async (request) => {
    begun.resolve();
    return new Response(`${(await request.arrayBuffer()).byteLength}`);
  });
  const body = openBody();
  const upload = fetch(server.url, { method: "POST", body: body.stream });
  await begun.promise;
  const stopped = server.stop(AMPLE_MS);
  body.end();
  assertEquals(await (await upload).text(), "1000");
  assertEquals(await stopped, true);
});

Deno.test("stop() completes a download in progress", async () => {
  const body = openBody();
  const { server } = setUp(() => new Response(body.stream));
  const response = await fetch(server.url);
  const stopped = server.stop(AMPLE_MS);
  body.end();
  assertEquals((await response.arrayBuffer()).byteLength, 1000);
  assertEquals(await stopped, true);
});

Deno.test("stop() lets a client read the rest of an answer in memory", async () => {
  const size = 32 * 1024 * 1024;
  const { server } = setUp((_request, info) => {
    info.sending?.(size);
    return new Response(new Uint8Array(size));
  });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const buffer = new Uint8Array(64 * 1024);
  let received = await client.read(buffer) ?? 0;
  const stopped = server.stop(AMPLE_MS);
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let length; (length = await client.read(buffer)) !== null;) received += length;
  assert(received > size);
  assertEquals(await stopped, true);
});

Deno.test("stop() refuses requests that arrive while it waits, and logs them", async () => {
  const begun = Promise.withResolvers<void>();
  const { server, refused } = setUp(async (request) => {
    begun.resolve();
    return new Response(await request.arrayBuffer());
  });
  const body = openBody();
  const upload = fetch(server.url, { method: "POST", body: body.stream });
  await begun.promise;
  const stopped = server.stop(AMPLE_MS);
  const response = await fetch(`${server.url}/v2/a/tags/list?secret=1`);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("Retry-After"), "1");
  assertEquals(response.headers.get("Connection"), "close");
  assertEquals((await response.json()).errors[0].code, "TOOMANYREQUESTS");
  assertEquals(refused.map(({ method, path, status }) => [method, path, status]), [
    ["GET", "/v2/a/tags/list", 503],
  ]);
  body.end();
  await (await upload).body?.cancel();
  assertEquals(await stopped, true);
});

Deno.test("stop() gives up on requests that do not end in time", async () => {
  const begun = Promise.withResolvers<void>();
  const { server } = setUp(async (request) => {
    begun.resolve();
    return new Response(await request.arrayBuffer());
  });
  const body = openBody();
  const upload = fetch(server.url, { method: "POST", body: body.stream });
  await begun.promise;
  assertEquals(await server.stop(1), false);
  body.end();
  await (await upload).body?.cancel();
  assertEquals(await server.stop(AMPLE_MS), true);
});

Deno.test("urlOf() names every kind of address that a platform may give", () => {
  assertEquals(urlOf({ transport: "tcp", hostname: "10.0.0.1", port: 8000 }), "http://10.0.0.1:8000");
  assertEquals(urlOf({ transport: "tcp", hostname: "::1", port: 8000 }), "http://[::1]:8000");
  assertEquals(urlOf({ transport: "unix", path: "/run/skerry" }), "unix:/run/skerry");
  assertEquals(urlOf({ transport: "vsock", cid: 3, port: 8000 }), "vsock:3:8000");
});
