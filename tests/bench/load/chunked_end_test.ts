import { assertEquals, assertThrows } from "@std/assert";
import { ChunkedEnd } from "./chunked_end.ts";

const BODY = new TextEncoder().encode(
  "5\r\nab\r\nc\r\n1f;name=value\r\n" + "x".repeat(31) + "\r\n0\r\nTrailer: 0\r\n\r\n",
);

Deno.test("push() is true at the last byte of the body when it comes in pieces of any size", () => {
  for (let size = 1; size <= BODY.length; size++) {
    const end = new ChunkedEnd();
    const answers: boolean[] = [];
    for (let at = 0; at < BODY.length; at += size) answers.push(end.push(BODY.subarray(at, at + size)));
    assertEquals(answers.indexOf(true), answers.length - 1, `pieces of ${size} bytes`);
  }
});

Deno.test("push() throws when a chunk has no size", () => {
  assertThrows(() => new ChunkedEnd().push(new TextEncoder().encode("zz\r\n")), Error, '"zz"');
});
