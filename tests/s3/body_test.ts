import { assertEquals } from "@std/assert";
import { crc32 } from "node:zlib";
import { startS3 } from "./mod.ts";
import { codeOf, send, sha256, textOf } from "./testing.ts";

Deno.test("readBody() refuses bytes that are not those of their hash, and stores nothing", async () => {
  await using s3 = await startS3();
  const headers = { "x-amz-content-sha256": sha256("content") };
  const refused = await send(s3, { method: "PUT", key: "a", headers, body: "other" });
  assertEquals(refused.status, 400);
  assertEquals(await codeOf(refused), "XAmzContentSHA256Mismatch");
  assertEquals(await codeOf(await send(s3, { method: "GET", key: "a" })), "NoSuchKey");
  assertEquals((await send(s3, { method: "PUT", key: "a", headers, body: "content" })).status, 200);
  assertEquals(await textOf(s3, "a"), "content");
});

Deno.test("readBody() takes any bytes when the hash is ignored", async () => {
  await using s3 = await startS3({ quirks: { ignoresContentHash: true } });
  const headers = { "x-amz-content-sha256": sha256("content") };
  assertEquals((await send(s3, { method: "PUT", key: "a", headers, body: "other" })).status, 200);
  assertEquals(await textOf(s3, "a"), "other");
});

Deno.test("readBody() refuses a body of unknown length", async () => {
  await using s3 = await startS3();
  const response = await send(s3, { method: "PUT", key: "a", body: streamOf("content") });
  assertEquals(response.status, 411);
  assertEquals(await codeOf(response), "MissingContentLength");
});

Deno.test("readBody() rejects a body that does not match its checksum header", async () => {
  await using s3 = await startS3();
  for (const name of ["content-md5", "x-amz-checksum-sha256", "x-amz-checksum-crc32"]) {
    const headers = { [name]: "AAAAAA==" };
    assertEquals(
      await codeOf(await send(s3, { method: "PUT", key: "a", headers, body: "content" })),
      "BadDigest",
    );
  }
});

Deno.test("readBody() takes aws-chunked apart", async () => {
  await using s3 = await startS3();
  const body = "7;chunk-signature=ab\r\ncontent\r\n1\r\ns\r\n0\r\n" +
    `x-amz-checksum-crc32:${crc("contents")}\r\n\r\n`;
  const response = await send(s3, { method: "PUT", key: "a", headers: streaming("8"), body: streamOf(body) });
  assertEquals(await response.text(), "");
  assertEquals(await textOf(s3, "a"), "contents");
});

Deno.test("readBody() refuses aws-chunked that is cut, or of another length or checksum", async () => {
  await using s3 = await startS3();
  const put = async (length: string | undefined, body: string) =>
    await codeOf(await send(s3, { method: "PUT", key: "a", headers: streaming(length), body }));
  assertEquals(await put("7", "7\r\nconte"), "IncompleteBody");
  assertEquals(await put("7", "7\r\ncontent\r\n"), "IncompleteBody");
  assertEquals(await put("8", "7\r\ncontent\r\n0\r\n\r\n"), "IncompleteBody");
  assertEquals(await put("7", "7\r\ncontent\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"), "BadDigest");
  assertEquals(await put(undefined, "7\r\ncontent\r\n0\r\n\r\n"), "MissingContentLength");
});

Deno.test("readBody() demands a checksum where many keys may be lost", async () => {
  await using s3 = await startS3();
  const body = "<Delete><Object><Key>a</Key></Object></Delete>";
  assertEquals(
    await codeOf(await send(s3, { method: "POST", query: { delete: "" }, body })),
    "InvalidRequest",
  );
});

function streaming(length?: string): Record<string, string> {
  return {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    ...(length === undefined ? {} : { "x-amz-decoded-content-length": length }),
  };
}

function streamOf(text: string): ReadableStream<Uint8Array> {
  return ReadableStream.from([new TextEncoder().encode(text)]);
}

function crc(text: string): string {
  return Uint8Array.fromHex(crc32(text).toString(16).padStart(8, "0")).toBase64();
}
