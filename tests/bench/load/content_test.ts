import { createHash } from "node:crypto";
import { assertEquals, assertNotEquals } from "@std/assert";
import { Content } from "./content.ts";

const CONTENT_BYTES = 2 * 1024 * 1024 + 5;

function digestOf(blocks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const block of blocks) hash.update(block);
  return `sha256:${hash.digest("hex")}`;
}

function* slices(content: Content, length: number): Generator<Uint8Array> {
  for (let at = 0; at < content.size; at += length) {
    yield* content.blocks(at, Math.min(content.size, at + length));
  }
}

Deno.test("blocks() gives the same bytes when they are asked for in slices", () => {
  const content = new Content(CONTENT_BYTES);
  assertEquals(digestOf(content.blocks()), content.digest);
  assertEquals(digestOf(slices(content, 65_536)), content.digest);
  assertEquals(digestOf(slices(content, 1_000_001)), content.digest);
});

Deno.test("Content() is never the same twice", () => {
  assertNotEquals(new Content(1024).digest, new Content(1024).digest);
});

Deno.test("chunkedBody() arrives unchanged at a server", async () => {
  const content = new Content(CONTENT_BYTES);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    return new Response(digestOf([await request.bytes()]));
  });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(
    "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
  ));
  for (const bytes of content.chunkedBody()) await writer.write(bytes.slice());
  const answer = await new Response(connection.readable).text();
  assertEquals(answer.split("\r\n\r\n")[1], content.digest);
});

Deno.test("Content() has the bytes that it is given", async () => {
  const text = new TextEncoder().encode("abc");
  const content = new Content(text);
  assertEquals(await new Response(ReadableStream.from(content.blocks())).bytes(), text);
  assertEquals(content.digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
