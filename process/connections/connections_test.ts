import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "node:http2";
import { WireConnection } from "../../tests/harness/wire.ts";
import { type ConnectionLimits, defaultLimits, maxConnections } from "./connection_limits.ts";
import { Connections, type ConnectionsOptions, findServeOn } from "./connections.ts";

/** Limits that no test reaches. */
const AMPLE: ConnectionLimits = {
  max: 100,
  firstRequest: 60_000,
  nextRequest: 60_000,
  sweepInterval: 5,
  retryDelay: 1,
};

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A listener of which the first calls of `accept` fail, and whose clients have the addresses one after the other. */
function listenerOver(
  listener: Deno.TcpListener,
  failures: { count: number; code: string },
  addresses: string[],
): Deno.TcpListener {
  return {
    async accept() {
      if (failures.count-- > 0) {
        throw Object.assign(new Error("Too many open files"), { code: failures.code });
      }
      const conn = await listener.accept();
      const hostname = addresses.shift();
      return hostname === undefined
        ? conn
        : Object.defineProperty(conn, "remoteAddr", { value: { ...conn.remoteAddr, hostname } });
    },
    close: () => listener.close(),
  } as Deno.TcpListener;
}

interface SetUp extends AsyncDisposable {
  port: number;
  connect(): Promise<WireConnection>;
  connections: Connections;
  events: string[];
}

function setUp(
  options: Partial<ConnectionsOptions> & {
    failures?: { count: number; code: string };
    addresses?: string[];
  } = {},
): SetUp {
  const { failures = { count: 0, code: "" }, addresses = [], limits, fetch = () => new Response("hello") } =
    options;
  const serveOn = findServeOn();
  assert(serveOn, "This version of Deno has no serveHttpOnConnection: connections would have no limits");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const events: string[] = [];
  const clients: WireConnection[] = [];
  const connections = new Connections(listenerOver(listener, failures, addresses), serveOn, {
    fetch,
    acceptFailed: (error) => events.push(`acceptFailed: ${error.message}`),
    failed: (error) => events.push(`failed: ${error.message}`),
    limits: { ...AMPLE, ...limits },
  });
  return {
    port: listener.addr.port,
    connections,
    events,
    async connect() {
      const client = new WireConnection(
        await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      );
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await connections.shutdown();
      for (const client of clients) client.close();
      // The last look for idle connections finds none, and is the last.
      await new Promise((resolve) => setTimeout(resolve, 2 * AMPLE.sweepInterval));
    },
  };
}

/** The answer to a request, or nothing. */
async function ask(client: WireConnection): Promise<string> {
  await client.send(REQUEST).catch(() => {});
  return await client.receive();
}

Deno.test("Connections answers many requests on one connection", async () => {
  await using server = setUp();
  const client = await server.connect();
  for (let count = 0; count < 3; count++) assertStringIncludes(await ask(client), "hello");
});

Deno.test("Connections gives no request an object with a getter of its own, which would keep it in memory", async () => {
  const infos: object[] = [];
  await using server = setUp({
    fetch(_request, info) {
      infos.push(info);
      return new Response("hello");
    },
  });
  await ask(await server.connect());
  const [info] = infos;
  assert(info !== undefined && "completed" in info);
  assertEquals(
    Object.values(Object.getOwnPropertyDescriptors(info)).filter(({ get }) => get !== undefined),
    [],
  );
});

Deno.test("Connections closes a connection that brings no request in time", async () => {
  await using server = setUp({ limits: { ...AMPLE, firstRequest: 20 } });
  const client = await server.connect();
  assertEquals(await client.receive(), "");
});

Deno.test("Connections closes a connection whose first head trickles", async () => {
  await using server = setUp({ limits: { ...AMPLE, firstRequest: 20 } });
  const client = await server.connect();
  const closed = client.receive();
  await client.send("GET / HTTP/1.1\r\n");
  let open = true;
  closed.then(() => open = false);
  while (open) {
    await client.send("A: b\r\n").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(await closed, "");
});

Deno.test("Connections closes a connection that brings no further request in time", async () => {
  await using server = setUp({ limits: { ...AMPLE, nextRequest: 20 } });
  const client = await server.connect();
  assertStringIncludes(await ask(client), "hello");
  assertEquals(await client.receive(), "");
});

Deno.test("Connections leaves a response alone that takes longer than any wait", async () => {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  await using server = setUp({
    limits: { ...AMPLE, firstRequest: 10, nextRequest: 10 },
    fetch(_request, info) {
      info.completed.catch(() => {});
      return new Response(readable, { headers: { "Content-Length": "9" } });
    },
  });
  const client = await server.connect();
  await client.send(REQUEST);
  await writer.write(new TextEncoder().encode("first"));
  assertStringIncludes(await client.receive(), "200 OK");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await writer.write(new TextEncoder().encode("last"));
  await writer.close();
  let received = "";
  while (!received.endsWith("last")) received += await client.receive();
});

Deno.test("Connections at the limit closes the one that has waited longest without a request", async () => {
  await using server = setUp({ limits: { ...AMPLE, max: 3 } });
  const served = await server.connect();
  const silent = [await server.connect(), await server.connect()];
  assertStringIncludes(await ask(served), "hello");
  const next = await server.connect();
  assertStringIncludes(await ask(next), "hello");
  assertEquals(await silent[0]!.receive(), "");
  assertStringIncludes(await ask(silent[1]!), "hello");
  assertStringIncludes(await ask(served), "hello");
});

Deno.test("Connections at the limit leaves a new client alone where another one has asked before", async () => {
  await using server = setUp({ limits: { ...AMPLE, max: 3 } });
  const asked = [await server.connect(), await server.connect()];
  for (const client of asked) assertStringIncludes(await ask(client), "hello");
  const slow = await server.connect();
  for (let count = 0; count < 2; count++) assertStringIncludes(await ask(await server.connect()), "hello");
  assertStringIncludes(await ask(slow), "hello");
});

Deno.test("Connections at the limit makes room by the network that has most", async () => {
  await using server = setUp({ limits: { ...AMPLE, max: 4 }, addresses: ["192.0.2.1"] });
  const other = await server.connect();
  assertStringIncludes(await ask(other), "hello");
  for (let count = 0; count < 20; count++) {
    assertStringIncludes(await ask(await server.connect()), "hello");
  }
  assertStringIncludes(await ask(other), "hello");
});

Deno.test("Connections at the limit refuses with 503 when every connection has a request", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  await using server = setUp({
    limits: { ...AMPLE, max: 1 },
    async fetch() {
      begin();
      await go;
      return new Response("hello");
    },
  });
  const busy = await server.connect();
  const answer = ask(busy);
  await begun;
  const refused = await server.connect();
  const refusal = await ask(refused);
  assertStringIncludes(refusal, "503 Service Unavailable");
  assertStringIncludes(refusal, "Retry-After: 1\r\n");
  assertStringIncludes(refusal, '"code":"TOOMANYREQUESTS"');

  resolve();
  assertStringIncludes(await answer, "hello");
});

/** A server whose file descriptors run out while it has so many connections, each of which has had an answer. */
async function exhausted(count: number, sweepInterval: number) {
  const failures = { count: 0, code: "EMFILE" };
  const server = setUp({ failures, limits: { ...AMPLE, sweepInterval } });
  const clients: WireConnection[] = [];
  while (clients.length < count) clients.push(await server.connect());
  for (const client of clients) assertStringIncludes(await ask(client), "hello");
  failures.count = 3;
  // The accept that is waiting already takes this one; the next one fails.
  clients.push(await server.connect());
  assertEquals(await clients.shift()!.receive(), "");
  return { server, clients };
}

/** Number of clients that still have their connection. */
async function countOpen(clients: WireConnection[]): Promise<number> {
  return (await Promise.all(clients.map((client) => ask(client)))).filter((text) => text !== "").length;
}

/** The statuses of so many requests at once on one connection of HTTP/2, the last of which is sent again at the end. */
async function http2Statuses(count: number, max: number): Promise<number[]> {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  await using server = setUp({
    limits: { ...AMPLE, max },
    async fetch() {
      if (++begun === Math.min(count, max, 64)) setTimeout(resolve, 100);
      await go;
      return new Response("hello");
    },
  });
  const client = connect(`http://127.0.0.1:${server.port}`);
  const ask = () => {
    const stream = client.request({ ":path": "/" });
    stream.resume();
    return new Promise<number>((resolve, reject) => {
      stream.on("response", (headers) => resolve(Number(headers[":status"]))).on("error", reject);
    });
  };
  const statuses = await Promise.all(Array.from({ length: count }, ask));
  statuses.push(await ask());
  await new Promise<void>((resolve) => client.close(resolve));
  return statuses;
}

Deno.test("Connections refuses with 503 more than 64 concurrent requests of one connection", async () => {
  const statuses = await http2Statuses(70, 100);
  assertEquals(statuses, [...Array(64).fill(200), ...Array(6).fill(503), 200]);
});

Deno.test("Connections refuses with 503 more requests at once than it may have connections", async () => {
  assertEquals(await http2Statuses(10, 3), [...Array(3).fill(200), ...Array(7).fill(503), 200]);
});

Deno.test("Connections accepts again after file descriptors ran out, and keeps fewer connections", async () => {
  const { server, clients } = await exhausted(40, 60_000);
  await using _ = server;
  const next = await server.connect();
  assertStringIncludes(await ask(next), "hello");
  assertEquals(await countOpen(clients), 19);
  assertEquals(server.events, ["acceptFailed: Too many open files"]);
});

Deno.test("Connections keeps some connections when descriptors run out with few of them", async () => {
  const { server, clients } = await exhausted(4, 60_000);
  await using _ = server;
  for (let count = 0; count < 12; count++) clients.push(await server.connect());
  assertEquals(await countOpen(clients), 16);
});

Deno.test("Connections keeps more connections again after a while", async () => {
  const { server, clients } = await exhausted(40, AMPLE.sweepInterval);
  await using _ = server;
  while (await countOpen(clients) < 40) {
    clients.push(await server.connect());
    await new Promise((resolve) => setTimeout(resolve, AMPLE.sweepInterval));
  }
});

Deno.test("Connections keeps its connections when clients are gone before they are accepted", async () => {
  const failures = { count: 0, code: "ENOTCONN" };
  await using server = setUp({ failures, limits: AMPLE });
  const clients = [await server.connect(), await server.connect()];
  for (const client of clients) assertStringIncludes(await ask(client), "hello");
  failures.count = 50;
  // The accept that is waiting already takes this one; the next ones fail.
  clients.push(await server.connect(), await server.connect());
  assertEquals(await countOpen(clients), 4);
  assertEquals(server.events, []);
});

Deno.test("Connections says that it failed when no connection is accepted or ends for long", async () => {
  await using server = setUp({
    limits: { ...AMPLE, retryDelay: 0 },
    failures: { count: Infinity, code: "EINVAL" },
  });
  while (server.events.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(server.events, ["acceptFailed: Too many open files", "failed: Too many open files"]);
});

Deno.test("maxConnections() is half of the descriptors that the process has left", () => {
  const limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024     4096     files\n";
  assertEquals(maxConnections(() => limits), 480);
  assertEquals(maxConnections(() => limits.replace("1024", "unlimited")), 16_384);
  assertEquals(maxConnections(() => limits.replace("1024", "16")), 1);
  assertEquals(
    maxConnections(() => {
      throw new Deno.errors.NotCapable();
    }),
    16_384,
  );
});

Deno.test("defaultLimits() keeps an idle connection longer than a load balancer does (10 minutes)", () => {
  assert(defaultLimits().nextRequest > 600_000);
});

Deno.test("defaultLimits() gives a worker its share of the connections", () => {
  assertEquals(defaultLimits(1 / 4).max, Math.floor(maxConnections() / 4));
  assertEquals(defaultLimits(1e-9).max, 1);
});
