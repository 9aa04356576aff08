import { assertEquals, assertThrows } from "@std/assert";
import { HttpRequests } from "./http_requests.ts";

const SENT = new TextEncoder().encode(
  "PUT /a HTTP/1.1\r\nHost: b\r\nContent-Length: 22\r\n\r\nGET /no HTTP/1.1\r\n\r\n!!" +
    "GET /c HTTP/1.1\r\nHost: b\r\n\r\n" + "POST / HTTP/1.1\r\ncontent-length:0\r\n\r\n",
);

Deno.test("push() reports each request once when bytes come in pieces of any size", () => {
  for (let size = 1; size <= SENT.length; size++) {
    const requests = new HttpRequests();
    const lines: string[] = [];
    for (let at = 0; at < SENT.length; at += size) {
      requests.push(SENT.subarray(at, at + size), (line) => lines.push(line));
    }
    assertEquals(lines, ["PUT /a HTTP/1.1", "GET /c HTTP/1.1", "POST / HTTP/1.1"], `pieces of ${size} bytes`);
  }
});

Deno.test("push() throws when a body is in chunks", () => {
  const head = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  assertThrows(() => new HttpRequests().push(new TextEncoder().encode(head), () => {}), Error, "chunks");
});
