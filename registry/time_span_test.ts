import { assertEquals } from "@std/assert";
import { formatAge, formatSpan } from "./time_span.ts";

Deno.test("formatSpan() writes a time span as it may be written in the configuration", () => {
  const spans = [0, 1, 999, 1000, 90_000, 3_600_000, 36 * 3_600_000, 7 * 86_400_000];
  assertEquals(spans.map(formatSpan), ["0d", "1ms", "999ms", "1s", "90s", "1h", "36h", "7d"]);
});

Deno.test("formatAge() rounds down to one unit", () => {
  const ages = [-5, 0, 999, 1999, 90_000, 47 * 3_600_000, 48 * 3_600_000 - 1, 48 * 3_600_000];
  assertEquals(ages.map(formatAge), ["0ms", "0ms", "999ms", "1s", "1m", "1d", "1d", "2d"]);
});
