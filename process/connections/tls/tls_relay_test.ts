import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AUTHORITY, VALID } from "../../../cli/doctor/testing/certificates.ts";
import { WireConnection } from "../../../tests/harness/wire.ts";
import type { ConnectionLimits } from "../connection_limits.ts";
import { Connections, findServeOn } from "../connections.ts";
import { OTHER, OTHER_AUTHORITY } from "../testing/other_certificate.ts";
import type { KeyPair } from "./key_pair.ts";
import { TlsRelay } from "./tls_relay.ts";

const FACTS = { fingerprint: "", validUntil: Infinity };
const [ONE, TWO]: KeyPair[] = [{ ...VALID, ...FACTS }, { ...OTHER, ...FACTS }];

/** Limits that no test reaches. */
const AMPLE: ConnectionLimits = {
  max: 100,
  firstRequest: 60_000,
  nextRequest: 60_000,
  sweepInterval: 5,
  retryDelay: 1,
};

/** Serves with TLS during `test`. */
async function withServer(
  test: (server: { port: number; relay: TlsRelay }) => Promise<void>,
  { limits = {}, fetch = (request: Request): Response | Promise<Response> => new Response(request.url) } = {},
): Promise<void> {
  const relay = new TlsRelay(ONE!);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const failed = (error: Error) => {
    throw error;
  };
  const connections = new Connections(listener, relay.over(findServeOn()!), {
    fetch,
    acceptFailed: failed,
    failed,
    limits: { ...AMPLE, ...limits },
  });
  await test({ port: listener.addr.port, relay });
  await connections.shutdown();
  relay.close();
  // The last look for idle connections finds none, and is the last; and a claim that no connection came for.
  await new Promise((resolve) => setTimeout(resolve, 2 * AMPLE.sweepInterval));
}

/** The answer to a request on a connection of its own. */
async function ask(port: number, options: Deno.CreateHttpClientOptions = {}, init: RequestInit = {}) {
  using client = Deno.createHttpClient({ caCerts: [AUTHORITY], ...options });
  const response = await fetch(`https://localhost:${port}/path`, { ...init, client });
  return await response.text();
}

const tcp = async (port: number) => new WireConnection(await Deno.connect({ hostname: "127.0.0.1", port }));

Deno.test("TlsRelay serves HTTP/1.1 and HTTP/2, with the scheme https", async () => {
  await withServer(async ({ port }) => {
    const url = `https://localhost:${port}/path`;
    assertEquals(await ask(port, { http2: false }), url);
    assertEquals(await ask(port, { http1: false }), url);
  });
});

Deno.test("TlsRelay passes on large bodies whole, in both directions", async () => {
  const body = crypto.getRandomValues(new Uint8Array(60_000));
  const large = new Uint8Array(3_000_000).map((_, i) => body[i % body.length]!);
  await withServer(async ({ port }) => {
    for (const protocol of [{ http1: false }, { http2: false }]) {
      using client = Deno.createHttpClient({ caCerts: [AUTHORITY], ...protocol });
      const response = await fetch(`https://localhost:${port}/`, { method: "POST", body: large, client });
      assertEquals(await response.bytes(), large);
    }
  }, { fetch: async (request) => new Response(await request.bytes()) });
});

Deno.test("TlsRelay.prepare() changes the certificate of new connections, and breaks none", async () => {
  await withServer(async ({ port, relay }) => {
    using client = Deno.createHttpClient({ caCerts: [AUTHORITY], poolMaxIdlePerHost: 1 });
    const askAgain = async () => await (await fetch(`https://localhost:${port}/`, { client })).text();
    await askAgain();
    const next = relay.prepare(TWO!);
    await ask(port);
    next.commit();
    await assertRejects(() => ask(port), TypeError);
    await ask(port, { caCerts: [OTHER_AUTHORITY] });
    await askAgain();
    relay.prepare(ONE!).discard();
    await ask(port, { caCerts: [OTHER_AUTHORITY] });
  });
});

Deno.test("TlsRelay.prepare() refuses a key that is another one's", async () => {
  await withServer(async ({ port, relay }) => {
    const error = await assertRejects(async () => void await relay.prepare({ ...ONE!, key: OTHER.key }));
    assert(error instanceof Error);
    await ask(port);
  });
});

Deno.test("TlsRelay loses no connection that begins while certificates are replaced", async () => {
  await withServer(async ({ port, relay }) => {
    let over = false;
    let count = 0;
    const clients = Array.from({ length: 8 }, async () => {
      while (!over) {
        await ask(port, { caCerts: [AUTHORITY, OTHER_AUTHORITY] });
        count++;
      }
    });
    for (let i = 0; i < 50; i++) {
      relay.prepare(i % 2 === 0 ? TWO! : ONE!).commit();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    over = true;
    await Promise.all(clients);
    assert(count > 50, `only ${count} connections`);
  });
});

Deno.test("TlsRelay tells a client of HTTP that the port expects TLS", async () => {
  await withServer(async ({ port }) => {
    using client = await tcp(port);
    await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const answer = await client.receive();
    assertStringIncludes(answer, "HTTP/1.1 400 Bad Request");
    assertStringIncludes(answer, "expects TLS");
  });
});

Deno.test("TlsRelay closes connections whose handshake does not end in time", async () => {
  await withServer(async ({ port }) => {
    // Nothing, the beginning of a record, and a record that is no ClientHello.
    for (const bytes of [[], [22], [22, 3, 1, 0, 200, 1, 0], [22, 3, 3, 0, 1, 99]]) {
      using client = await tcp(port);
      if (bytes.length > 0) await client.send(new Uint8Array(bytes));
      await client.receive();
    }
    await ask(port);
  }, { limits: { firstRequest: 50 } });
});

Deno.test("TlsRelay counts connections without a handshake: they make room for new ones", async () => {
  await withServer(async ({ port }) => {
    const silent = await Promise.all(Array.from({ length: 20 }, () => tcp(port)));
    for (let i = 0; i < 3; i++) await ask(port);
    for (const client of silent) client[Symbol.dispose]();
  }, { limits: { max: 4 } });
});

Deno.test("TlsRelay serves no connection of another program to its inner listener", async () => {
  const listen = Deno.listenTls;
  let inner = 0;
  Deno.listenTls = (options) => {
    const listener = listen(options);
    inner = listener.addr.port;
    return listener;
  };
  try {
    await withServer(async ({ port }) => {
      await assertRejects(() => ask(inner), TypeError);
      await ask(port);
    });
  } finally {
    Deno.listenTls = listen;
  }
});
