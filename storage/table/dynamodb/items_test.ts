import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { keyId, MAX_ITEM_BYTES, toItem, toRow } from "./items.ts";

function item(attributes = {}) {
  return { pk: "p", sk: "s", attributes };
}

Deno.test("toItem() returns exactly the input of toRow()", () => {
  const attributes = {
    empty: "",
    list: [[], {}, [""], null],
    whole: [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0],
    fractions: [0.1 + 0.2, 5e-324, 1.7976931348623157e308],
    "": { "__proto__x": true, "lone \ud800": "lone \udc00" },
  };
  const written = {
    ...item(attributes),
    bytes: new Uint8Array([0, 255]),
    index: { pk: "ip", sk: "is" },
  };
  assertEquals(toItem(toRow(written, "v")), { ...written, version: "v" });
  assertEquals(toItem(toRow(item(), "v")), { ...item(), version: "v" });
});

Deno.test("toRow() lets DynamoDB remove an item 7 days after its expiresAt, in whole seconds", () => {
  assertEquals(toRow(item({ expiresAt: 1_800_000_000_001 }), "v").expiresAt, { N: "1800604801" });
  assertEquals(toRow(item({ expiresAt: "never" }), "v").expiresAt, undefined);
  assertEquals(toRow(item(), "v").expiresAt, undefined);
});

Deno.test("toRow() counts bytes and not characters", () => {
  const length = Math.floor(MAX_ITEM_BYTES / 2);
  assert(toRow(item({ text: "a".repeat(length) }), "v"));
  assertThrows(() => toRow(item({ text: "é".repeat(length) }), "v"), RangeError);
});

Deno.test("toItem() refuses an item of another program", () => {
  assertThrows(() => toItem({ pk: { S: "p" }, sk: { S: "s" } }), TypeError, 'it has no "version"');
});

Deno.test("keyId() tells keys apart when they read the same in a row", () => {
  assertNotEquals(keyId({ pk: "a", sk: "bc" }), keyId({ pk: "ab", sk: "c" }));
  assertNotEquals(keyId({ pk: "1", sk: "1 1" }), keyId({ pk: "11 ", sk: "1" }));
});
