import { assertEquals } from "@std/assert";
import { isEveryAddress, parseCidr } from "./cidr.ts";

Deno.test("parseCidr() reads ranges of both families", () => {
  assertEquals(parseCidr("10.0.0.0/8"), { address: "10.0.0.0", bits: 8 });
  assertEquals(parseCidr("0.0.0.0/0"), { address: "0.0.0.0", bits: 0 });
  assertEquals(parseCidr("FD00::/8"), { address: "[fd00::]", bits: 8 });
  assertEquals(parseCidr("::ffff:10.0.0.0/104"), { address: "[::ffff:a00:0]", bits: 104 });
});

Deno.test("parseCidr() refuses other texts, and ranges with a second meaning", () => {
  for (
    const text of [
      "",
      "10.0.0.1",
      "10.0.0.0/33",
      "10.0.0.0/08",
      "10.0.0.0/",
      "010.0.0.0/8",
      "10.1/16",
      "0x0a.0.0.0/8",
      "256.0.0.0/8",
      "10.0.0.0.0/8",
      "fd00::/129",
      "fd00:::/8",
      "fe80::1%eth0/64",
      ":/8",
      "[::]/0",
      "a.example/8",
    ]
  ) {
    assertEquals(parseCidr(text), undefined, text);
  }
});

Deno.test("isEveryAddress() finds ranges that trust every client", () => {
  const every = (range: string) => isEveryAddress(parseCidr(range)!);
  assertEquals(["0.0.0.0/0", "::/0", "::ffff:0:0/96", "::ffff:1.2.3.4/96"].map(every), [
    true,
    true,
    true,
    true,
  ]);
  assertEquals(["0.0.0.0/1", "::/1", "::ffff:0:0/97", "fd00::/96"].map(every), [false, false, false, false]);
});
