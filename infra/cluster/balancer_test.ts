import { assert, assertEquals, assertRejects } from "@std/assert";
import { freePort } from "../../tests/harness/ports.ts";
import { type Backend, startBalancer } from "./balancer.ts";

/** A backend with this handler. */
function serve(number: number, handler: Deno.ServeHandler): Backend & { server: Deno.HttpServer } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return { number, port: (server.addr as Deno.NetAddr).port, isReady: true, server };
}

/** A backend that reads the head of each request and breaks the connection. */
function breaking(number: number): Backend & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(64 * 1024));
      connection.close();
    }
  })();
  return { number, port: listener.addr.port, isReady: true, [Symbol.dispose]: () => listener.close() };
}

/** Runs `test` with a balancer before these backends; returns the numbers of those that got a request. */
async function withBalancer(
  backends: readonly Backend[],
  test: (url: string) => Promise<void>,
): Promise<number[]> {
  const forwarded: number[] = [];
  const balancer = await startBalancer({
    port: freePort(),
    backends,
    forwarded: (_request, { number }) => forwarded.push(number),
    failed: () => {},
  });
  try {
    await test(balancer.url);
  } finally {
    balancer.stopListening();
    balancer.closeConnections();
  }
  return forwarded;
}

const textOf = async (url: string, init: RequestInit & { client?: Deno.HttpClient } = {}) =>
  await (await fetch(url, init)).text();

Deno.test("startBalancer() hands each request to the next backend, with its host, body and status", async () => {
  const backends = [1, 2, 3].map((number) =>
    serve(number, async (request) => {
      const body = await request.text();
      const { method, headers } = request;
      return new Response(`${number} ${method} ${new URL(request.url).pathname} ${body}`, {
        status: 201,
        headers: { "x-host": headers.get("host")! },
      });
    })
  );
  const forwarded = await withBalancer(backends, async (url) => {
    for (const number of [1, 2, 3, 1]) {
      const response = await fetch(`${url}/path`, { method: "PUT", body: "content" });
      assertEquals([response.status, await response.text()], [201, `${number} PUT /path content`]);
      assertEquals(response.headers.get("x-host"), new URL(url).host);
    }
  });
  assertEquals(forwarded, [1, 2, 3, 1]);
  for (const { server } of backends) await server.shutdown();
});

Deno.test("startBalancer() streams the body of a request while it reads the response", async () => {
  const backend = serve(1, (request) => new Response(request.body));
  await withBalancer([backend], async (url) => {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    writer.write(new TextEncoder().encode("first"));
    const response = await fetch(url, { method: "POST", body: readable });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "first");
    writer.write(new TextEncoder().encode("second"));
    assertEquals((await reader.read()).value, "second");
    await writer.close();
    assert((await reader.read()).done);
  });
  await backend.server.shutdown();
});

Deno.test("startBalancer() sends a request with a body past backends that accept no connection", async () => {
  const backend = serve(3, (request) => new Response(request.body));
  const closed = [1, 2].map((number) => ({ number, port: freePort(), isReady: true }));
  const forwarded = await withBalancer([...closed, backend], async (url) => {
    for (let i = 0; i < 3; i++) {
      assertEquals(await textOf(url, { method: "POST", body: "content" }), "content");
    }
  });
  assertEquals(forwarded, [3, 3, 3]);
  await backend.server.shutdown();
});

Deno.test("startBalancer() takes turns among the backends that are ready", async () => {
  const backends = [1, 2, 3].map((number) => serve(number, () => new Response(`${number}`)));
  const [first, ...others] = backends;
  const forwarded = await withBalancer([{ ...first!, isReady: false }, ...others], async (url) => {
    for (const number of [2, 3, 2, 3]) assertEquals(await textOf(url), `${number}`);
  });
  assertEquals(forwarded, [2, 3, 2, 3]);
  for (const { server } of backends) await server.shutdown();
});

Deno.test("startBalancer() repeats a GET that got no response, and breaks the connection of a POST", async () => {
  using broken = breaking(1);
  const backend = serve(2, () => new Response("content"));
  const forwarded = await withBalancer([broken, backend], async (url) => {
    // On new connections: fetch itself repeats a request on a used one.
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    assertEquals(await textOf(url, { client }), "content");
    await assertRejects(() => fetch(url, { method: "POST", body: "content", client }), TypeError);
  });
  assertEquals(forwarded, [1, 2, 1]);
  await backend.server.shutdown();
});

Deno.test("startBalancer() answers 503 while no backend accepts connections", async () => {
  await withBalancer([{ number: 1, port: freePort(), isReady: true }], async (url) => {
    const response = await fetch(url, { method: "POST", body: "content" });
    assertEquals([response.status, response.headers.get("retry-after")], [503, "1"]);
    assertEquals(await response.text(), "No replica accepts connections\n");
  });
});
