/**
 * Checks of the configurations in `infra/balancers`, each before servers that a test controls.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { type Balancer, type BalancerName, startBalancer } from "./balancers.ts";
import { type FakeReplica, startFakeReplica, startMortalReplica } from "./fake_replica.ts";

/** Maximum time until a balancer notices anything, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Time of a client for the headers of a request, in all configurations, and what a busy machine may add to it. */
const [HEADERS_MS, LATE_MS] = [30_000, 30_000];

/** nginx finds out by the requests themselves. */
const CHECKS_ACTIVELY = (name: BalancerName) => name !== "nginx";

/** Versions of HTTP that a client may use, as values of `http2`. */
const versionsOf = ({ http2 }: Balancer) => http2 ? [false, true] : [false];

/** Caddy retries a request only if its connection fails. Its health checks notice a replica that answers 503. */
const RETRIES_503 = (name: BalancerName) => name !== "caddy";

interface World extends AsyncDisposable {
  readonly balancer: Balancer;
  readonly replicas: readonly FakeReplica[];
  /** Sends a request through the balancer, with HTTP/1.1 by default. */
  send(path: string, init?: RequestInit & { http2?: boolean }): Promise<Response>;
}

async function createWorld(name: BalancerName): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const replicas = ["a", "b", "c"].map((name) => stack.use(startFakeReplica(name)));
  const balancer = stack.use(await startBalancer(name, replicas.map(({ url }) => url)));
  const send = senderTo(balancer, stack);
  const areChecked = () => !CHECKS_ACTIVELY(name) || replicas.every(({ checks }) => checks > 1);
  await until(areChecked, "The balancer does not check its replicas");
  const kept = stack.move();
  return { balancer, replicas, send, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function senderTo({ url, certificate }: Balancer, stack: AsyncDisposableStack): World["send"] {
  const [one, two] = [false, true].map((http2) =>
    stack.use(Deno.createHttpClient({ caCerts: [certificate], http1: !http2, http2 }))
  );
  return (path, { http2 = false, ...init } = {}) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return fetch(url + path, { signal, ...init, client: http2 ? two! : one! });
  };
}

async function until(condition: () => boolean, problem: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !condition();) {
    assert(Date.now() < end, problem);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A body that goes on when the test says so. */
function heldBody() {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  return {
    readable,
    write: (text: string) => void writer.write(new TextEncoder().encode(text)).catch(() => {}),
    close: () => void writer.close().catch(() => {}),
  };
}

function countOf(replicas: readonly FakeReplica[]): number[] {
  return replicas.map(({ received }) => received.length);
}

async function takesTurns({ replicas, send }: World): Promise<void> {
  for (let i = 0; i < 9; i++) assertEquals((await (await send("/v2/")).text()).slice(1), " 0");
  assertEquals(countOf(replicas), [3, 3, 3]);
}

/** A balancer of which clients learn nothing wrong by HTTP/2 offers it. */
async function negotiatesVersion({ port, certificate, http2 }: Balancer): Promise<void> {
  const alpnProtocols = ["h2", "http/1.1"];
  using connection = await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts: [certificate],
    alpnProtocols,
  });
  const { alpnProtocol } = await connection.handshake();
  assertEquals(alpnProtocol, http2 ? "h2" : "http/1.1");
}

async function replacesAddress({ replicas, send, balancer }: World): Promise<void> {
  const before = countOf(replicas);
  const headers = { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "gopher" };
  const versions = versionsOf(balancer);
  for (const http2 of versions) await (await send("/v2/a%2Fb//c", { headers, http2 })).bytes();
  const received = replicas.flatMap(({ received }, index) => received.slice(before[index]));
  assertEquals(received.length, versions.length);
  for (const { headers, path } of received) {
    assertEquals(headers.get("X-Forwarded-For"), "127.0.0.1");
    assertEquals(headers.get("X-Forwarded-Proto"), "https");
    assertEquals(headers.get("Host"), balancer.host);
    assertEquals(path, "/v2/a%2Fb//c");
  }
}

/** The client sends the rest of its body when the replica has received the beginning. */
async function streamsUploads({ replicas, send }: World, http2: boolean): Promise<void> {
  const body = heldBody();
  for (const replica of replicas) {
    replica.answer = async (request) => {
      let text = "";
      for await (const piece of request.body!.pipeThrough(new TextDecoderStream())) {
        if (text === "") {
          body.write("rest");
          body.close();
        }
        text += piece;
      }
      return new Response(text);
    };
  }
  body.write("beginning, ");
  const response = await send("/v2/", { method: "PATCH", body: body.readable, http2 });
  assertEquals(await response.text(), "beginning, rest");
}

/** The replica sends the rest of its body when the client has received the beginning. */
async function streamsAnswers({ replicas, send }: World, http2: boolean): Promise<void> {
  const body = heldBody();
  for (const replica of replicas) replica.answer = () => new Response(body.readable);
  body.write("beginning, ");
  let text = "";
  for await (const piece of (await send("/v2/", { http2 })).body!.pipeThrough(new TextDecoderStream())) {
    if (text === "") {
      body.write("rest");
      body.close();
    }
    text += piece;
  }
  assertEquals(text, "beginning, rest");
}

/** A replica need not read on for a client that is gone. */
async function endsWithClient({ replicas, send }: World): Promise<void> {
  let isCancelled = false;
  for (const replica of replicas) {
    replica.answer = () => {
      const pull = (controller: ReadableStreamDefaultController) =>
        new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() =>
          controller.enqueue(new Uint8Array(65_536))
        );
      return new Response(new ReadableStream({ pull, cancel: () => void (isCancelled = true) }));
    };
  }
  const reader = (await send("/v2/")).body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => isCancelled, "The replica still sends to a client that is gone");
}

/** As a registry that stops: `/readyz` fails, then reads are refused, while writes are served. */
async function leavesGently({ replicas, send }: World, name: BalancerName): Promise<void> {
  const [leaving] = replicas;
  leaving!.isReady = false;
  if (CHECKS_ACTIVELY(name)) {
    const { checks } = leaving!;
    await until(() => leaving!.checks >= checks + 3, "The balancer does not check a replica");
  }
  leaving!.answer = async (request) => {
    await request.bytes();
    return new Response(null, { status: /GET|HEAD/.test(request.method) ? 503 : 200 });
  };
  const before = leaving!.received.length;
  for (let i = 0; i < 9; i++) {
    for (const method of ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]) {
      const body = ["PUT", "PATCH"].includes(method) ? new Blob(["x".repeat(100_000)]).stream() : null;
      const response = await send("/v2/", { method, body });
      await response.body?.cancel();
      assertEquals(response.status, 200, method);
    }
  }
  if (CHECKS_ACTIVELY(name)) assertEquals(leaving!.received.length, before);
  leaving!.isReady = true;
  leaving!.answer = replicas[1]!.answer;
  const served = leaving!.received.length;
  await until(() => {
    send("/v2/").then((response) => response.body?.cancel(), () => {});
    return leaving!.received.length > served;
  }, "The replica gets no requests although it is ready again");
}

async function retriesReads({ replicas, send }: World, name: BalancerName): Promise<void> {
  if (!RETRIES_503(name)) return;
  const [refusing, ...others] = replicas;
  const { answer } = refusing!;
  for (const other of others) other.answer = answer;
  refusing!.answer = () => new Response(null, { status: 503 });
  const before = refusing!.received.length;
  for (let i = 0; i < 6; i++) {
    const response = await send("/v2/");
    await response.body?.cancel();
    assertEquals(response.status, 200);
  }
  assertGreaterOrEqual(refusing!.received.length, before + 1);
  refusing!.answer = answer;
}

/** If the storage fails, clients get the registry's own answer, and what they asked for as soon as it works again. */
async function passesOnOutage({ replicas, send }: World): Promise<void> {
  const answers = replicas.map(({ answer }) => answer);
  for (const replica of replicas) {
    replica.answer = () => new Response("outage", { status: 503, headers: { "Retry-After": "1" } });
  }
  for (let i = 0; i < 9; i++) {
    const { status, headers, body } = await send("/v2/");
    assertEquals([status, headers.get("Retry-After")], [503, "1"]);
    await body?.cancel();
  }
  for (const [index, replica] of replicas.entries()) replica.answer = answers[index]!;
  for (let i = 0; i < 9; i++) {
    const response = await send("/v2/");
    await response.body?.cancel();
    assertEquals(response.status, 200);
  }
}

/**
 * A process that has ended refuses connections: no request is lost, whatever its method and body. The body does not fit in
 * the buffers of a connection.
 */
async function skipsDeadReplica({ replicas, send }: World): Promise<void> {
  await replicas[0]!.end();
  for (let i = 0; i < 9; i++) {
    for (const method of ["GET", "PUT", "POST", "PATCH", "DELETE"]) {
      const body = method === "GET" ? null : new Blob(["x".repeat(4_000_000)]).stream();
      const response = await send("/v2/", { method, body });
      await response.body?.cancel();
      assertEquals(response.status, 200, method);
    }
  }
}

/** Checks that a client is cut off that sends one header field every few seconds, without end. */
export async function cutsSlowHeaders(name: BalancerName): Promise<void> {
  await using world = await createWorld(name);
  const { port, certificate } = world.balancer;
  using connection = await Deno.connectTls({ hostname: "localhost", port, caCerts: [certificate] });
  const encoder = new TextEncoder();
  const began = Date.now();
  let isOpen = true;
  const cut = (async () => {
    while (await connection.read(new Uint8Array(1024)) !== null);
  })().catch(() => {}).finally(() => isOpen = false);
  const write = (text: string) => connection.write(encoder.encode(text)).catch(() => {});
  await write("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n");
  for (let i = 0; isOpen && Date.now() < began + HEADERS_MS + LATE_MS; i++) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (isOpen) await write(`X-Slow-${i}: 1\r\n`);
  }
  assert(!isOpen, `The headers may take longer than ${HEADERS_MS + LATE_MS} ms`);
  await cut;
}

/**
 * A write that may have been done is not sent again, neither by the balancer nor by a client: one with HTTP/2 repeats a
 * request by itself if the balancer says that it was not processed (RFC 9113 §8.7).
 */
async function sendsWritesOnce(name: BalancerName): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const [mortal, other] = [stack.use(startMortalReplica()), stack.use(startFakeReplica("other"))];
  const balancer = stack.use(await startBalancer(name, [mortal.url, other.url]));
  const send = senderTo(balancer, stack);
  await until(() => other.checks > 1 || !CHECKS_ACTIVELY(name), "The balancer does not check a replica");
  const expected: string[] = [];
  for (const http2 of versionsOf(balancer)) {
    // A balancer could keep the small body and send it again.
    for (const [method, bytes] of [["PATCH", 100_000], ["POST", 10]] as const) {
      const deaths = mortal.received.length;
      for (const end = Date.now() + PATIENCE_MS; mortal.received.length === deaths;) {
        assert(Date.now() < end, "The balancer sends nothing to a replica");
        // The write goes out on a connection that was used before.
        for (let i = 0; i < 2; i++) await (await send("/v2/", { http2 })).bytes();
        const before = other.received.length;
        // Over HTTP/1.1, Deno repeats a write by itself if it can: not a stream.
        const body = http2 ? new Uint8Array(bytes) : new Blob([new Uint8Array(bytes)]).stream();
        const response = await send("/v2/", { method, body, http2 }).catch(() => undefined);
        await response?.body?.cancel();
        assertEquals(mortal.received.length - deaths + other.received.length - before, 1);
        assertEquals(response?.status === 200, mortal.received.length === deaths);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expected.push(method);
    }
  }
  assertEquals(mortal.received, expected);
}

/** Checks a balancer, one step for each promise that its configuration makes. */
export async function checkBalancer(t: Deno.TestContext, name: BalancerName): Promise<void> {
  await using world = await createWorld(name);
  await t.step("sends each request to the next replica", () => takesTurns(world));
  await t.step("replaces the client's address and leaves the path", () => replacesAddress(world));
  await t.step("offers HTTP/2 unless it is harmful", () => negotiatesVersion(world.balancer));
  for (const http2 of versionsOf(world.balancer)) {
    const version = http2 ? "HTTP/2" : "HTTP/1.1";
    await t.step(`streams uploads over ${version}`, () => streamsUploads(world, http2));
    await t.step(`streams answers over ${version}`, () => streamsAnswers(world, http2));
  }
  await t.step("ends a request whose client is gone", () => endsWithClient(world));
  for (const replica of world.replicas) replica.answer = () => new Response("served");
  await t.step("loses no request of a replica that leaves", () => leavesGently(world, name));
  await t.step("retries reads that are refused", () => retriesReads(world, name));
  await t.step("passes on that the storage fails", () => passesOnOutage(world));
  await t.step("loses no request of a replica that has ended", () => skipsDeadReplica(world));
  await t.step("sends a write only once", () => sendsWritesOnce(name));
}
