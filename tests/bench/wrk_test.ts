import { assertEquals, assertThrows } from "@std/assert";
import { parseRate } from "./wrk.ts";

const OUTPUT = `Running 2s test @ http://127.0.0.1:8000
  1 threads and 32 connections
  41212 requests in 2.00s, 20.12MB read
Requests/sec:  20598.31
Transfer/sec:     10.06MB
`;

Deno.test("parseRate() reads requests per second", () => {
  assertEquals(parseRate(OUTPUT), 20598.31);
});

Deno.test("parseRate() throws when requests failed", () => {
  assertThrows(
    () => parseRate(`${OUTPUT}  Non-2xx or 3xx responses: 3\n`),
    Error,
    "Non-2xx or 3xx responses: 3",
  );
  const broken = "  Socket errors: connect 0, read 2, write 0, timeout 0\n";
  assertThrows(() => parseRate(OUTPUT + broken), Error, "read 2");
});

Deno.test("parseRate() throws when wrk printed no rate", () => {
  assertThrows(() => parseRate("unable to connect"), Error, "unable to connect");
  assertThrows(() => parseRate(OUTPUT.replace("20598.31", "0.00")), Error, "0.00");
});
