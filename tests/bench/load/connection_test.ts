import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Connection, parseHead } from "./connection.ts";

Deno.test("parseHead() reads status and fields when names are of any case", () => {
  const { status, headers } = parseHead("HTTP/1.1 201 Created\r\nLocation: /a:b\r\ncontent-length:3\r\n\r\n");
  assertEquals(status, 201);
  assertEquals([...headers], [["location", "/a:b"], ["content-length", "3"]]);
});

Deno.test("parseHead() throws when it is no HTTP", () => {
  assertThrows(() => parseHead("SSH-2.0\r\n\r\n"), Error, "SSH-2.0");
});

Deno.test("request() reads an answer in chunks to its end when another one follows", async () => {
  const chunks = (request: Request) => {
    const bodies = [1, 300_000, 7].map((length) => new TextEncoder().encode(request.method.repeat(length)));
    return new Response(ReadableStream.from(bodies));
  };
  await serving(chunks, async (connection) => {
    for (const method of ["GET", "HEAD", "POST", "GET"]) {
      const { status } = await connection.request({ method, path: "/", headers: { "Content-Length": "0" } });
      assertEquals(status, 200);
    }
    await connection.send({ method: "GET", path: "/" });
    await assertRejects(() => connection.receiveHead("GET"), Error, "in chunks");
  });
});

async function serving(handler: Deno.ServeHandler, use: (connection: Connection) => Promise<void>) {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  using connection = await Connection.open(server.addr.port);
  await use(connection);
}

Deno.test("request() reads every body to its end when several requests share a connection", async () => {
  await serving(
    async (request) => new Response(`${request.method} ${await request.text()}`.repeat(100_000)),
    async (connection) => {
      const length = async (method: string, body: string) => {
        const head = { method, path: "/", headers: { "Content-Length": `${body.length}` } };
        const { headers } = await connection.request(head, [new TextEncoder().encode(body)]);
        return Number(headers.get("content-length"));
      };
      assertEquals(await length("PUT", "abc"), 700_000);
      assertEquals(await length("HEAD", ""), 500_000);
      assertEquals(await length("PUT", ""), 400_000);
    },
  );
});

Deno.test("request() throws when the connection ends early", async () => {
  const broken = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(3));
      controller.close();
    },
  });
  await serving(() => new Response(broken, { headers: { "Content-Length": "5" } }), async (connection) => {
    await assertRejects(() => connection.request({ method: "GET", path: "/" }), Error, "Connection ended");
  });
});
