import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { isSecretId } from "./secret_id.ts";
import { isSecretLike, makeSecret, readSecret } from "./secret_text.ts";

Deno.test("makeSecret() makes what readSecret() reads, another one each time", () => {
  const secrets = Array.from({ length: 200 }, makeSecret);
  for (const { text, id, hash } of secrets) {
    assertMatch(text, /^skr_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/);
    assert(isSecretLike(text) && isSecretId(id));
    assertEquals(hash, createHash("sha256").update(text).digest("hex"));
    assertEquals(readSecret(text), { text, id, hash });
  }
  assertEquals(new Set(secrets.map(({ id }) => id)).size, 200);
  assertEquals(new Set(secrets.map(({ text }) => text.slice(21))).size, 200);
  const letters = new Set(secrets.flatMap(({ text }) => [...text.slice(21, 64)]));
  assertEquals(letters.size, 62, "every character of the alphabet turns up");
});

Deno.test("readSecret() knows the form that the documentation tells", () => {
  // The checksum is what any other program finds as well.
  const text = "skr_0123456789abcdef_" + "A".repeat(43);
  let number = createHash("sha256").update(text).digest().readUInt32BE();
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const digits: string[] = [];
  for (; digits.length < 6; number = Math.floor(number / 62)) digits.unshift(alphabet[number % 62]!);
  assertEquals(readSecret(text + digits.join(""))?.id, "0123456789abcdef");
});

Deno.test("readSecret() refuses whatever was mistyped, cut off or added to", () => {
  const { text } = makeSecret();
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === "A" ? "B" : "A";
    assertEquals(readSecret(text.slice(0, at) + other + text.slice(at + 1)), undefined, `at ${at}`);
    assertEquals(readSecret(text.slice(0, at)), undefined);
  }
  for (
    const wrong of ["", `${text}\n`, ` ${text}`, `${text}A`, text.toLowerCase(), "skr_", "x".repeat(1e6)]
  ) {
    assertEquals(readSecret(wrong), undefined);
  }
});
