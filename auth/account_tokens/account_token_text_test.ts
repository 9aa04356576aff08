import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { isAccountTokenId } from "./account_token_id.ts";
import { looksLikeAccountToken, makeAccountToken, readAccountToken } from "./account_token_text.ts";

Deno.test("makeAccountToken() creates a different token each time, and readAccountToken() reads it", () => {
  const tokens = Array.from({ length: 200 }, makeAccountToken);
  for (const { text, id, hash } of tokens) {
    assertMatch(text, /^skr_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/);
    assert(looksLikeAccountToken(text) && isAccountTokenId(id));
    assertEquals(hash, createHash("sha256").update(text).digest("hex"));
    assertEquals(readAccountToken(text), { text, id, hash });
  }
  assertEquals(new Set(tokens.map(({ id }) => id)).size, 200);
  assertEquals(new Set(tokens.map(({ text }) => text.slice(21))).size, 200);
  const letters = new Set(tokens.flatMap(({ text }) => [...text.slice(21, 64)]));
  assertEquals(letters.size, 62, "every character of the alphabet turns up");
});

Deno.test("readAccountToken() reads the documented form", () => {
  // The checksum as any other program computes it.
  const text = "skr_0123456789abcdef_" + "A".repeat(43);
  let number = createHash("sha256").update(text).digest().readUInt32BE();
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const digits: string[] = [];
  for (; digits.length < 6; number = Math.floor(number / 62)) digits.unshift(alphabet[number % 62]!);
  assertEquals(readAccountToken(text + digits.join(""))?.id, "0123456789abcdef");
});

Deno.test("readAccountToken() rejects a mistyped, truncated or extended token", () => {
  const { text } = makeAccountToken();
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === "A" ? "B" : "A";
    assertEquals(readAccountToken(text.slice(0, at) + other + text.slice(at + 1)), undefined, `at ${at}`);
    assertEquals(readAccountToken(text.slice(0, at)), undefined);
  }
  for (
    const wrong of ["", `${text}\n`, ` ${text}`, `${text}A`, text.toLowerCase(), "skr_", "x".repeat(1e6)]
  ) {
    assertEquals(readAccountToken(wrong), undefined);
  }
});
