import { assert, assertEquals } from "@std/assert";
import { plainField, plainJson, plainLines, plainText } from "./plain_text.ts";

const EVIL = "a\x1b[2J\r\n\x9b\u202e\u2028\u{e0041}\ud800\x7f";

Deno.test("plainText() leaves nothing that a terminal could take for more than text", () => {
  const text = plainText(EVIL);
  assert(/^[\x20-\x7e]+$/.test(text), text);
  assertEquals(
    text,
    "a\\u001b[2J\\u000d\\u000a\\u009b\\u202e\\u2028\\udb40\\udc41\\ud800\\u007f",
  );
  assertEquals(plainText("Ayşe \u05d0\u0430"), "Ayşe \u05d0\u0430");
  assertEquals(plainText("\u00a0\u3000"), "\\u00a0\\u3000");
});

Deno.test("plainLines() keeps the ends of lines and nothing else of that kind", () => {
  assertEquals(plainLines("one\ntwo\r\x1b[1A"), "one\ntwo\\u000d\\u001b[1A");
});

Deno.test("plainField() quotes text that looks like another field", () => {
  assertEquals(plainField("user:alice"), "user:alice");
  assertEquals(plainField(42), "42");
  assertEquals(plainField("repo:x ref=y"), '"repo:x ref=y"');
  assertEquals(plainField("a=b"), '"a=b"');
  assertEquals(plainField(""), '""');
  assertEquals(plainField('a"b\\c'), '"a\\"b\\\\c"');
  assertEquals(plainField("a\nwho=root"), '"a\\nwho=root"');
});

Deno.test("plainJson() is the same value in ASCII", () => {
  const value = { [EVIL]: [EVIL, 1, "ş"] };
  const json = plainJson(value);
  assert(/^[\x20-\x7e]+$/.test(json), json);
  assertEquals(JSON.parse(json), value);
});
