import { assertEquals, assertRejects } from "@std/assert";
import { putBytes } from "./node_upload.ts";

/** A store that answers as told, and where it is. */
function serve(answer: Deno.ServeHandler<Deno.NetAddr>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return {
    request: { url: `http://127.0.0.1:${server.addr.port}/bucket/key?partNumber=1`, headers: { "x-a": "b" } },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const never = new AbortController().signal;

Deno.test("putBytes() sends all bytes and their number when they are more than one write", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(65536));
  const large = new Uint8Array(3_000_001);
  for (let at = 0; at < large.length; at += bytes.length) large.set(bytes.subarray(0, large.length - at), at);
  let taken: unknown[] = [];
  await using store = serve(async (request) => {
    const { headers, method, url } = request;
    taken = [method, new URL(url).search, headers.get("x-a"), headers.get("content-length")];
    return new Response(null, {
      headers: { etag: `"${(await request.bytes()).every((b, i) => b === large[i])}"` },
    });
  });
  const response = await putBytes(store.request, large, never);
  assertEquals(taken, ["PUT", "?partNumber=1", "b", `${large.length}`]);
  assertEquals([response.status, response.headers.get("etag")], [200, '"true"']);
});

Deno.test("putBytes() has the answer when the store gives it before it has all", async () => {
  await using store = serve(() => Promise.resolve(new Response("<Code>SlowDown</Code>", { status: 503 })));
  const response = await putBytes(store.request, new Uint8Array(8_000_000), never);
  assertEquals([response.status, await response.text()], [503, "<Code>SlowDown</Code>"]);
});

Deno.test("putBytes() keeps its connection for the next request", async () => {
  const connections = new Set<string>();
  await using store = serve(async (request, { remoteAddr }) => {
    connections.add(JSON.stringify(remoteAddr));
    await request.bytes();
    return new Response("read to its end", { headers: { etag: '"a"' } });
  });
  for (let i = 0; i < 5; i++) {
    const response = await putBytes(store.request, new Uint8Array(1_000_000), never);
    assertEquals(response.headers.get("etag"), '"a"');
  }
  assertEquals(connections.size, 1);
});

Deno.test("putBytes() keeps no connection on which a part of its body was not wanted", async () => {
  let requests = 0;
  const connections = new Set<string>();
  await using store = serve(async (request, { remoteAddr }) => {
    connections.add(JSON.stringify(remoteAddr));
    if (++requests === 1) return new Response("<Code>SlowDown</Code>", { status: 503 });
    return new Response(null, { headers: { etag: `"${(await request.bytes()).length}"` } });
  });
  assertEquals((await putBytes(store.request, new Uint8Array(50_000_000), never)).status, 503);
  const response = await putBytes(store.request, new Uint8Array(1_000_000), never);
  assertEquals([response.headers.get("etag"), connections.size], ['"1000000"', 2]);
});

Deno.test("putBytes() uses no connection again that the store has closed", async () => {
  const connections = new Set<string>();
  await using store = serve(async (request, { remoteAddr }) => {
    connections.add(JSON.stringify(remoteAddr));
    await request.bytes();
    return new Response(null, { headers: { connection: "close" } });
  });
  for (let i = 0; i < 3; i++) await putBytes(store.request, new Uint8Array(1_000_000), never);
  assertEquals(connections.size, 3);
});

Deno.test("putBytes() gives up when its signal aborts", async () => {
  const stop = new AbortController();
  await using store = serve(async (request) => {
    stop.abort();
    await request.bytes().catch(() => {});
    return new Response();
  });
  await assertRejects(() => putBytes(store.request, new Uint8Array(8_000_000), stop.signal));
});
