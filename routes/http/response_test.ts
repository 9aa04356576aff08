import { assertEquals } from "@std/assert";
import type { Answer } from "./answer.ts";
import { lengthOf, toResponse } from "./response.ts";

const BODY = new TextEncoder().encode("{}");
const HEADERS = { "Content-Type": "application/json", "ETag": '"a"' };

Deno.test("toResponse() is the whole answer each time", async () => {
  for (const isRepeated of [true, false]) {
    const answer: Answer = { status: 200, headers: HEADERS, body: BODY, isRepeated };
    for (const id of ["y1", "y2", "y3"]) {
      const response = toResponse(answer, false, id);
      // A header that is added to one response stays out of the next one.
      response.headers.set(`X-${id}`, "added");
      assertEquals(response.status, 200);
      assertEquals([...response.headers], [
        ["content-length", "2"],
        ["content-type", "application/json"],
        ["etag", '"a"'],
        ["x-content-type-options", "nosniff"],
        ["x-request-id", id],
        [`x-${id}`, "added"],
      ]);
      assertEquals(await response.text(), "{}");
    }
  }
  assertEquals(Object.keys(HEADERS), ["Content-Type", "ETag"]);
});

Deno.test("toResponse() tells a HEAD how long the body is, and leaves it out", async () => {
  const answer: Answer = { status: 200, headers: HEADERS, body: BODY, isRepeated: true };
  for (const isHead of [false, true, false, true]) {
    const response = toResponse(answer, isHead, "y1");
    assertEquals([response.headers.get("Content-Length"), await response.text()], ["2", isHead ? "" : "{}"]);
  }
});

Deno.test("lengthOf() counts bytes in memory and trusts the header of a stream", () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>();
  assertEquals(lengthOf({ status: 200, headers: { "Content-Length": "7" }, body }), 7);
  assertEquals(lengthOf({ status: 200, headers: {}, body: BODY }), 2);
  assertEquals(lengthOf({ status: 202, headers: { "Content-Length": "7" } }), 0);
});
