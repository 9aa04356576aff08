import { assertEquals, assertRejects } from "@std/assert";
import { RawConnection } from "../fuzz/raw_connection.ts";
import { startFaultProxy } from "./mod.ts";
import { contentOf, startRecorder } from "./recorder.ts";

/** A store that handles bytes by itself, one connection after the other. */
function startRawStore(serve: (connection: Deno.TcpConn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await serve(connection);
      connection.close();
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

/** Reads until the text ends in that way, or the connection does. */
async function readUntil(connection: Deno.TcpConn, end: string): Promise<string> {
  const buffer = new Uint8Array(1000);
  let text = "";
  while (!text.endsWith(end)) {
    const count = await connection.read(buffer);
    if (count === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}

async function write(connection: Deno.TcpConn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

Deno.test("exchange() repeats a request to a store that closes after each", async () => {
  let requests = 0;
  await using store = startRawStore(async (connection) => {
    await readUntil(connection, "END");
    requests++;
    await write(connection, `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n${requests}`);
  });
  await using proxy = startFaultProxy({ upstream: store.url });
  proxy.script(["repeat"]);
  const put = async () => await (await fetch(proxy.url, { method: "PUT", body: "END" })).text();
  assertEquals(await put(), "2");
  assertEquals(await put(), "3");
});

Deno.test("exchange() passes 100 Continue on to a client that waits for it", async () => {
  await using store = startRawStore(async (connection) => {
    await readUntil(connection, "\r\n\r\n");
    await write(connection, "HTTP/1.1 100 Continue\r\n\r\n");
    await readUntil(connection, "END");
    await write(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndone");
  });
  await using proxy = startFaultProxy({ upstream: store.url });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: portOf(proxy.url) });
  await write(client, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  assertEquals(await readUntil(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await write(client, "END");
  assertEquals((await readUntil(client, "done")).split("\r\n")[0], "HTTP/1.1 200 OK");
});

Deno.test("exchange() passes an answer on after which the store hangs up on the body", async () => {
  await using store = startRawStore(async (connection) => {
    await readUntil(connection, "");
    await write(connection, "HTTP/1.1 507 Full\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfull");
  });
  await using proxy = startFaultProxy({ upstream: store.url });
  const response = await fetch(proxy.url, { method: "PUT", body: new Uint8Array(16 * 1024 * 1024) });
  assertEquals([response.status, await response.text()], [507, "full"]);
});

Deno.test("exchange() breaks the connection of the client where the store breaks its own", async () => {
  await using store = startRawStore(async (connection) => {
    await readUntil(connection, "END");
    await write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  await using proxy = startFaultProxy({ upstream: store.url });
  const response = await fetch(proxy.url, { method: "PUT", body: "END" });
  await assertRejects(() => response.text());
});

Deno.test("exchange() passes an answer on whose end is the end of the connection, and cuts it", async () => {
  await using store = startRawStore(async (connection) => {
    await readUntil(connection, "END");
    await write(connection, "HTTP/1.1 200 OK\r\n\r\n0123456789");
  });
  await using proxy = startFaultProxy({ upstream: store.url });
  const put = async () => await (await fetch(proxy.url, { method: "PUT", body: "END" })).text();
  assertEquals(await put(), "0123456789");
  proxy.script(["cut-response"]);
  // Nothing tells the client, as nothing would on the road: stores that matter name the length.
  assertEquals((await put()).length < 10, true);
});

Deno.test("exchange() answers errors that leave the connection as good as before", async () => {
  await using recorder = startRecorder();
  await using proxy = startFaultProxy({ upstream: recorder.url });
  using client = await RawConnection.open(portOf(proxy.url));
  const ask = async (method: string, body = "") => {
    const head = `${method} /5 HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`;
    return await client.exchange(new TextEncoder().encode(head + body), method, { end: false });
  };
  proxy.script(["error-500", "error-503", "throttle"]);
  assertEquals((await ask("PUT", "body")).status, 500);
  assertEquals((await ask("HEAD")).status, 503);
  assertEquals((await ask("GET")).status, 503);
  assertEquals(new TextDecoder().decode((await ask("GET")).body), contentOf(5));
  assertEquals(recorder.received.length, 1);
});

Deno.test("exchange() passes a request that it cannot repeat once", async () => {
  await using recorder = startRecorder();
  await using proxy = startFaultProxy({ upstream: recorder.url });
  proxy.script(["repeat"]);
  const body = ReadableStream.from(["in ", "chunks"]).pipeThrough(new TextEncoderStream());
  assertEquals(await (await fetch(`${proxy.url}/5`, { method: "PUT", body })).text(), contentOf(5));
  assertEquals(recorder.received.map(({ body }) => body), ["in chunks"]);
  assertEquals([proxy.counts.repeat, proxy.counts.pass], [0, 1]);
});
