import { assertEquals, assertRejects } from "@std/assert";
import { openWire } from "./wire.ts";

/** A server that answers with the number of bytes it was sent. */
function startCounter() {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    try {
      return new Response(`${(await request.bytes()).length}`, { status: 202 });
    } catch {
      return new Response("cut", { status: 400 });
    }
  });
  return { host: `127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("openWire() remembers requests and answers in their order", async () => {
  await using server = startCounter();
  await using wire = openWire(server.host);
  for (const body of ["", "HTTP", "x".repeat(300_000)]) {
    const response = await fetch(`http://${wire.host}/a?b=${body.length}`, { method: "PUT", body });
    assertEquals(await response.text(), `${body.length}`);
  }
  const seen = wire.exchanges.map(({ method, target, status, headers }) =>
    [method, target, status, headers["content-length"]].join(" ")
  );
  assertEquals(seen, ["PUT /a?b=0 202 0", "PUT /a?b=4 202 4", "PUT /a?b=300000 202 300000"]);
});

Deno.test("openWire() cuts one request in the middle of its body and lets the next one pass", async () => {
  await using server = startCounter();
  await using wire = openWire(server.host, { cut: { method: "PATCH", afterBytes: 1000 } });
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 }); // a connection used before would be tried again
  const send = async (method: string, length: number) => {
    const response = await fetch(`http://${wire.host}/`, { method, body: "x".repeat(length), client });
    return await response.text();
  };
  assertEquals(await send("PUT", 2000), "2000");
  assertEquals(await send("PATCH", 1000), "1000");
  await assertRejects(() => send("PATCH", 1001));
  assertEquals(await send("PATCH", 1001), "1001");
  assertEquals(wire.exchanges.map(({ status }) => status), [202, 202, undefined, 202]);
});

Deno.test("openWire() holds a request back until it is let go, and numbers connections", async () => {
  await using server = startCounter();
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  await using wire = openWire(server.host, {
    hostname: "127.0.0.2",
    hold({ target }) {
      if (target !== "/held") return Promise.resolve();
      held.resolve();
      return promise;
    },
  });
  const send = async (path: string) => await (await fetch(`http://${wire.host}${path}`)).text();
  const first = send("/held");
  await held.promise;
  assertEquals([await send("/second"), wire.exchanges[0]!.status], ["0", undefined]);
  resolve();
  assertEquals([await first, wire.exchanges[0]!.status], ["0", 202]);
  assertEquals(wire.exchanges.map(({ target, connection }) => [target, connection]), [["/held", 0], [
    "/second",
    1,
  ]]);
});
