import { assertEquals, assertThrows } from "@std/assert";
import { parseRequests } from "./wrk.ts";

const OUTPUT = `Running 2s test @ http://127.0.0.1:8000
  1 threads and 32 connections
  41212 requests in 2.00s, 20.12MB read
Requests/sec:  20598.31
Transfer/sec:     10.06MB
`;

Deno.test("parseRequests() reads how many requests there were, and how many per second", () => {
  assertEquals(parseRequests(OUTPUT), { rate: 20598.31, count: 41212 });
});

Deno.test("parseRequests() throws when requests failed", () => {
  assertThrows(
    () => parseRequests(`${OUTPUT}  Non-2xx or 3xx responses: 3\n`),
    Error,
    "Non-2xx or 3xx responses: 3",
  );
  const broken = "  Socket errors: connect 0, read 2, write 0, timeout 0\n";
  assertThrows(() => parseRequests(OUTPUT + broken), Error, "read 2");
});

Deno.test("parseRequests() throws when wrk printed no rate", () => {
  assertThrows(() => parseRequests("unable to connect"), Error, "unable to connect");
  assertThrows(() => parseRequests(OUTPUT.replace("20598.31", "0.00")), Error, "0.00");
  assertThrows(() => parseRequests(OUTPUT.replace("41212 requests", "")), Error, "20598.31");
});
