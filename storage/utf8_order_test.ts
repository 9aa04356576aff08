import { assertEquals } from "@std/assert";
import { compareUtf8, endOfPrefix } from "./utf8_order.ts";

const encoder = new TextEncoder();

/** The order by definition: byte by byte. */
function compareBytes(a: string, b: string): number {
  const [x, y] = [encoder.encode(a), encoder.encode(b)];
  const i = x.findIndex((byte, at) => byte !== y[at]);
  if (i < 0) return x.length - y.length;
  return (x[i] ?? 0) - (y[i] ?? -1);
}

const SAMPLES = [
  "",
  "\u0001",
  "a",
  "a#",
  "a$",
  "aa",
  "b",
  "\u007f",
  "\u0080",
  "é",
  "\ud7ff",
  "\ue000",
  "\uffff",
]
  .concat(["\u{10000}", "\u{1f600}", "\u{10ffff}", "a\uffff", "a\u{10000}", "a\u{10ffff}", "a\u{10ffff}b"]);

Deno.test("compareUtf8() agrees with the bytes when units and code points sort apart", () => {
  for (const a of SAMPLES) {
    for (const b of SAMPLES) {
      assertEquals(Math.sign(compareUtf8(a, b)), Math.sign(compareBytes(a, b)), JSON.stringify([a, b]));
    }
  }
});

Deno.test("endOfPrefix() separates texts with the prefix from those that follow them", () => {
  for (const prefix of SAMPLES) {
    const end = endOfPrefix(prefix);
    for (const text of SAMPLES) {
      const inRange = compareUtf8(text, prefix) >= 0 && (end === undefined || compareUtf8(text, end) < 0);
      assertEquals(inRange, text.startsWith(prefix), JSON.stringify([prefix, text]));
    }
  }
});

Deno.test("endOfPrefix() answers undefined when nothing lies above", () => {
  assertEquals(endOfPrefix(""), undefined);
  assertEquals(endOfPrefix("\u{10ffff}\u{10ffff}"), undefined);
});
