import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { RequestLog } from "../../routes/mod.ts";
import { requestHead, WireConnection } from "../../tests/harness/wire.ts";
import { serve, type Server, type ServerOptions, urlOf } from "./server.ts";

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

/** Sends a request without a body on this connection, and returns its answer. */
async function ask(connection: WireConnection, method: string, path: string): Promise<string> {
  await connection.send(requestHead(method, path, { Host: "a", "Content-Length": "0" }));
  return await connection.receive();
}

async function connect({ url }: Server): Promise<WireConnection> {
  return new WireConnection(await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) }));
}

/** A listener closes a moment after its last accept was cancelled: until then, a new connection is reset. */
async function untilRefused(server: Server): Promise<void> {
  while (true) {
    try {
      (await connect(server))[Symbol.dispose]();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      assertInstanceOf(error, Deno.errors.ConnectionReset);
    }
  }
}

Deno.test("drain() serves every request, and asks the client to close the connection", async () => {
  const { server, refused } = setUp(({ method }) => new Response(method));
  using client = await connect(server);
  assert(!/^connection:/im.test(await ask(client, "GET", "/v2/")));
  server.drain();
  for (const method of ["GET", "PUT"]) {
    using client = await connect(server);
    const answer = await ask(client, method, "/v2/");
    assertStringIncludes(answer, "HTTP/1.1 200 ");
    assertMatch(answer, /^connection: close\r$/im);
  }
  assertEquals(refused, []);
  await server.stop(AMPLE_MS);
});

Deno.test("refuseReads() refuses reads with 503, logs them, and serves writes", async () => {
  const { server, refused } = setUp(({ method }) => new Response(method));
  server.refuseReads();
  const response = await fetch(`${server.url}/v2/a/tags/list?secret=1`);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("Retry-After"), "1");
  assertEquals(response.headers.get("Connection"), "close");
  assertEquals((await response.json()).errors[0].code, "TOOMANYREQUESTS");
  const head = await fetch(`${server.url}/v2/`, { method: "HEAD" });
  assertEquals(head.status, 503);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    const response = await fetch(`${server.url}/v2/`, { method });
    assertEquals([response.status, await response.text()], [200, method]);
    assertEquals(response.headers.get("Connection"), "close");
  }
  assertEquals(refused.map(({ method, path, status }) => [method, path, status]), [
    ["GET", "/v2/a/tags/list", 503],
    ["HEAD", "/v2/", 503],
  ]);
  await server.stop(AMPLE_MS);
});

Deno.test("stop() stops listening, refuses reads and serves writes on the connections that it has", async () => {
  const begun = Promise.withResolvers<void>();
  const { server, refused } = setUp(async (request) => {
    if (request.method === "POST") begun.resolve();
    return new Response(await request.arrayBuffer());
  });
  using reader = await connect(server);
  using writer = await connect(server);
  for (const client of [reader, writer]) assertStringIncludes(await ask(client, "GET", "/"), " 200 ");
  const body = openBody();
  const upload = fetch(server.url, { method: "POST", body: body.stream });
  await begun.promise;
  const stopped = server.stop(AMPLE_MS);
  await untilRefused(server);
  assertStringIncludes(await ask(reader, "GET", "/v2/"), "HTTP/1.1 503 ");
  assertStringIncludes(await ask(writer, "PUT", "/v2/"), "HTTP/1.1 200 ");
  assertEquals(refused.map(({ path }) => path), ["/v2/"]);
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
