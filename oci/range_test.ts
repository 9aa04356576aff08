import { assertEquals } from "@std/assert";
import { type ByteRange, MAX_RANGES, parseRange, rangeLength } from "./range.ts";

function assertRanges(field: string, size: number, expected: string): void {
  const ranges = parseRange(field, size);
  assertEquals(
    Array.isArray(ranges) ? ranges.map(({ first, last }) => `${first}-${last}`).join() : ranges,
    expected,
  );
}

function assertIgnored(field: string, size: number): void {
  assertEquals(parseRange(field, size), undefined, field.slice(0, 100));
}

Deno.test("parseRange() reads one range, open, suffix and cut to the end", () => {
  assertRanges("bytes=500-1499", 2048, "500-1499");
  assertRanges("bytes=0-0", 2048, "0-0");
  assertRanges("bytes=500-", 2048, "500-2047");
  assertRanges("bytes=2047-", 2048, "2047-2047");
  assertRanges("bytes=-500", 2048, "1548-2047");
  assertRanges("bytes=-5000", 2048, "0-2047");
  assertRanges("bytes=2000-5000", 2048, "2000-2047");
  assertRanges("bytes=0-2047", 2048, "0-2047");
});

Deno.test("parseRange() reports a range that begins after the end as unsatisfiable", () => {
  assertRanges("bytes=2048-", 2048, "unsatisfiable");
  assertRanges("bytes=5000-10000", 2048, "unsatisfiable");
  assertRanges("bytes=-0", 2048, "unsatisfiable");
  assertRanges("bytes=2048-,5000-5001,-0", 2048, "unsatisfiable");
});

Deno.test("parseRange() rejects a range that ends before it begins, alone or among others", () => {
  assertRanges("bytes=500-0", 2048, "unsatisfiable");
  assertRanges("bytes=0-1,500-0", 2048, "unsatisfiable");
});

Deno.test("parseRange() keeps number and order of several ranges, as podman needs them", () => {
  assertRanges("bytes=0-1,5-6", 10, "0-1,5-6");
  assertRanges("bytes=5-6,0-1", 10, "5-6,0-1");
  assertRanges("bytes=0-1,2-3,3-4", 10, "0-1,2-3,3-4");
  assertRanges("bytes=0-0,0-0,-1,9-", 10, "0-0,0-0,9-9,9-9");
});

Deno.test("parseRange() drops unsatisfiable ranges beside satisfiable ones", () => {
  assertRanges("bytes=0-1,10-20,5-6,-0", 10, "0-1,5-6");
});

Deno.test("parseRange() takes lists with white space and empty elements", () => {
  assertRanges("bytes=0-1 ,\t, 5-6,", 10, "0-1,5-6");
});

Deno.test("parseRange() takes the unit in any case", () => {
  assertRanges("Bytes=0-1", 10, "0-1");
});

Deno.test("parseRange() ignores other units and malformed ranges", () => {
  for (
    const field of [
      "",
      "bytes",
      "bytes=",
      "bytes=,",
      "items=0-1",
      "xbytes=0-1",
      "bytes =0-1",
      "0-1",
      "bytes 0-1",
    ]
  ) {
    assertIgnored(field, 10);
  }
  for (
    const spec of [
      "-",
      "a-b",
      "1",
      "1-2-3",
      "+1-2",
      "-1-2",
      "--1",
      "0x1-2",
      "1.0-2",
      "1-2x",
      "٠-١",
      "1 - 2",
      "1e0-2",
    ]
  ) {
    assertIgnored(`bytes=${spec}`, 10);
    assertIgnored(`bytes=0-1,${spec}`, 10);
  }
  assertIgnored("bytes=0-1\n", 10);
  assertIgnored("bytes=0-1\nbytes=0-1", 10);
});

Deno.test("parseRange() ignores every range of an empty blob", () => {
  for (const field of ["bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-0", "bytes=5-1"]) assertIgnored(field, 0);
});

Deno.test("parseRange() takes positions of any number of digits", () => {
  const huge = "9".repeat(60_000);
  assertRanges(`bytes=0-${huge}`, 10, "0-9");
  assertRanges(`bytes=-${huge}`, 10, "0-9");
  assertRanges(`bytes=${huge}-`, 10, "unsatisfiable");
  assertRanges(`bytes=${huge}-${huge}`, 10, "unsatisfiable");
  assertRanges(`bytes=${"0".repeat(60_000)}1-2`, 10, "1-2");
  const size = Number.MAX_SAFE_INTEGER;
  assertRanges(`bytes=${size - 1}-`, size, `${size - 1}-${size - 1}`);
});

Deno.test("parseRange() takes the 1,024 ranges that podman asks for", () => {
  const set = Array.from({ length: 1024 }, (_, i) => `${i * 10}-${i * 10 + 3}`);
  assertRanges(`bytes=${set}`, 10_240, set.join());
});

Deno.test("parseRange() ignores sets of more ranges than its limit", () => {
  const set = Array.from({ length: MAX_RANGES + 1 }, (_, i) => `${i}-${i}`);
  assertIgnored(`bytes=${set}`, 1_000_000);
  assertIgnored(`bytes=${"0-0,".repeat(16_000)}`, 1_000_000);
});

Deno.test("parseRange() ignores sets that ask for more bytes than there are", () => {
  assertRanges("bytes=0-4,5-9", 10, "0-4,5-9");
  assertIgnored("bytes=0-5,5-9", 10);
  assertIgnored("bytes=0-,0-", 10);
  assertIgnored(`bytes=${"0-,".repeat(1000)}`, 10); // CVE-2011-3192
});

Deno.test("parseRange() never answers a range outside the blob", () => {
  const values = ["", "0", "1", "9", "10", "11", "999999999999999999999"];
  const specs = values.flatMap((first) => values.map((last) => `${first}-${last}`));
  for (const spec of specs.flatMap((one) => specs.map((two) => `${one},${two}`))) {
    const ranges = parseRange(`bytes=${spec}`, 10);
    for (const range of Array.isArray(ranges) ? ranges : []) {
      const inside = 0 <= range.first && range.first <= range.last && range.last < 10;
      assertEquals(inside, true, spec);
    }
  }
});

Deno.test("rangeLength() counts both ends", () => {
  const range: ByteRange = { first: 5, last: 5 };
  assertEquals(rangeLength(range), 1);
});
