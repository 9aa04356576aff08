import { assertEquals, assertThrows } from "@std/assert";
import { parseContentRange } from "./content_range.ts";
import { RegistryError } from "./errors.ts";

Deno.test("parseContentRange() reads first and last byte", () => {
  assertEquals(parseContentRange("0-1023"), { first: 0, last: 1023 });
  assertEquals(parseContentRange("5-5"), { first: 5, last: 5 });
  assertEquals(parseContentRange("007-9007199254740991"), { first: 7, last: Number.MAX_SAFE_INTEGER });
});

Deno.test("parseContentRange() rejects everything else with 416", () => {
  const fields = [
    "",
    "-",
    "0",
    "0-",
    "-5",
    "5-4",
    "a-b",
    "0-1-2",
    " 0-1",
    "0-1 ",
    "0 - 1",
    "+0-1",
    "0x0-1",
    "0-1.5",
  ];
  fields.push(
    "bytes 0-1/2",
    "bytes=0-1",
    "0-1/2",
    "0-1,2-3",
    "0-1\n",
    "٠-١",
    "0-9007199254740992",
    "0-" + "9".repeat(999),
  );
  for (const field of fields) {
    const error = assertThrows(() => parseContentRange(field), RegistryError);
    assertEquals([error.code, error.status], ["BLOB_UPLOAD_INVALID", 416], field);
  }
});
