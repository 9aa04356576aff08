import { assertEquals } from "@std/assert";
import { formatAge, formatBytes, plain, plural, shortDigest } from "./text.ts";

Deno.test("plain() makes characters visible that hide or reorder text, and cuts long text", () => {
  assertEquals(plain("a\u202Egnp.exe\u0000\u200B"), "a\\u202egnp.exe\\u0000\\u200b");
  assertEquals(plain("line\n\tindent"), "line\n\tindent");
  assertEquals(plain("\u{1F468}\u200D\u{1F469}"), "\u{1F468}\u200D\u{1F469}");
  assertEquals(plain("abcdef", 3), "abc…");
  assertEquals(plain("\u{1F4A3}\u{1F4A3}", 3), "\u{1F4A3}\uFFFD…");
});

Deno.test("formatBytes() has three significant digits and the unit below the next", () => {
  const sizes = [0, 999, 1023, 1024, 10_500, 1_048_575, 1_048_576, 5e12, 2 ** 62];
  assertEquals(sizes.map(formatBytes), [
    "0 B",
    "999 B",
    "1023 B",
    "1.00 KiB",
    "10.3 KiB",
    "1.00 MiB",
    "1.00 MiB",
    "4.55 TiB",
    "4096 PiB",
  ]);
});

Deno.test("formatAge() names the largest unit, in the past and in the future", () => {
  const now = Date.parse("2026-11-28T21:00:00Z");
  const ages = [0, 59_999, 60_000, 7_200_000, 86_400_000 * 3, 86_400_000 * 400, -7_200_000, -1000];
  assertEquals(ages.map((age) => formatAge(now - age, now)), [
    "just now",
    "just now",
    "1 minute ago",
    "2 hours ago",
    "3 days ago",
    "1 year ago",
    "in 2 hours",
    "in a moment",
  ]);
});

Deno.test("shortDigest() leaves out SHA-256, and names every other algorithm", () => {
  assertEquals(shortDigest(`sha256:${"ab".repeat(32)}`), "abababababab");
  assertEquals(shortDigest(`sha512:${"cd".repeat(64)}`), "sha512:cdcdcdcdcdcd");
  assertEquals([plural(1, "tag"), plural(10_000, "tag")], ["1 tag", "10,000 tags"]);
});
