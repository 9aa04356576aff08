import { assertEquals } from "@std/assert";
import type { Answer } from "./answer.ts";
import { lengthOf, toResponse } from "./response.ts";

const BODY = new TextEncoder().encode("{}");
const HEADERS = { "Content-Type": "application/json", "ETag": '"a"' };

Deno.test("toResponse() says an answer again and again, each time in full and under another id", async () => {
  for (const isRepeated of [true, false]) {
    const answer: Answer = { status: 200, headers: HEADERS, body: BODY, isRepeated };
    for (const id of ["one", "two", "six"]) {
      const response = toResponse(answer, id, false);
      assertEquals(response.status, 200);
      assertEquals([...response.headers], [
        ["content-length", "2"],
        ["content-type", "application/json"],
        ["etag", '"a"'],
        ["x-request-id", id],
      ]);
      assertEquals(await response.text(), "{}");
    }
  }
  assertEquals(Object.keys(HEADERS), ["Content-Type", "ETag"]);
});

Deno.test("toResponse() tells a HEAD how long the body is, and leaves it out", async () => {
  const answer: Answer = { status: 200, headers: HEADERS, body: BODY, isRepeated: true };
  for (const isHead of [false, true, false, true]) {
    const response = toResponse(answer, "id", isHead);
    assertEquals([response.headers.get("Content-Length"), await response.text()], ["2", isHead ? "" : "{}"]);
  }
});

Deno.test("lengthOf() counts what is in memory and believes the header of a stream", () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>();
  assertEquals(lengthOf({ status: 200, headers: { "Content-Length": "7" }, body }), 7);
  assertEquals(lengthOf({ status: 200, headers: {}, body: BODY }), 2);
  assertEquals(lengthOf({ status: 202, headers: { "Content-Length": "7" } }), 0);
});
