import { assertEquals } from "@std/assert";
import { networkOf } from "./network.ts";

Deno.test("networkOf() takes all addresses of one IPv6 network for one", () => {
  assertEquals(networkOf("2001:db8:0:7::1"), networkOf("2001:DB8::7:0:0:0:ffff"));
  assertEquals(networkOf("2001:db8:0:7::1"), "2001:db8:0:7");
  assertEquals(networkOf("fe80::1%eth0"), "fe80:0:0:0");
  assertEquals(networkOf("::1"), "0:0:0:0");
});

Deno.test("networkOf() returns an IPv4 address in its usual form", () => {
  assertEquals(networkOf("192.0.2.7"), "192.0.2.7");
  assertEquals(networkOf("::ffff:192.0.2.7"), "192.0.2.7");
  assertEquals(networkOf(undefined), "unknown");
});
