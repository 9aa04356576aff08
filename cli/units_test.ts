import { assertEquals } from "@std/assert";
import { formatAge, formatBytes, formatCount } from "./units.ts";

Deno.test("formatBytes() writes at most four digits", () => {
  const texts: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [99.94 * 1024, "99.9 KiB"],
    [99.96 * 1024, "100 KiB"],
    [1023.4 * 1024, "1023 KiB"],
    [1023.6 * 1024, "1 MiB"],
    [5 * 2 ** 30, "5 GiB"],
    [2 ** 60, "1024 PiB"],
  ];
  for (const [bytes, text] of texts) assertEquals(formatBytes(bytes), text);
});

Deno.test("formatAge() writes the largest unit", () => {
  const now = Date.parse("2026-01-02T03:04:05.000Z");
  const texts: [string, string][] = [
    ["2026-01-02T03:04:05.000Z", "0s"],
    ["2026-01-02T03:04:06.000Z", "0s"],
    ["2026-01-02T03:03:06.000Z", "59s"],
    ["2026-01-02T02:05:05.000Z", "59m"],
    ["2026-01-01T03:04:06.000Z", "23h"],
    ["2025-01-02T03:04:05.000Z", "365d"],
    ["2023-01-02T03:04:05.000Z", "3y"],
  ];
  for (const [time, text] of texts) assertEquals(formatAge(time, now), text);
});

Deno.test("formatCount() marks a count that stopped at a limit", () => {
  assertEquals([formatCount({ count: 12, more: false }), formatCount({ count: 1000, more: true })], [
    "12",
    "1000+",
  ]);
});
