import { assertEquals, assertThrows } from "@std/assert";
import { readChallenge } from "./challenge.ts";

const HTTPS = new URL("https://registry.test");

Deno.test("readChallenge() reads Bearer and Basic challenges", () => {
  const header = 'Bearer realm="https://auth.test/token?a=b",service="registry.test",scope="x"';
  const challenge = { realm: new URL("https://auth.test/token?a=b"), service: "registry.test" };
  assertEquals(readChallenge(header, HTTPS), challenge);
  assertEquals(readChallenge('bearer realm="https://auth.test/token"', HTTPS), {
    realm: new URL("https://auth.test/token"),
    service: "",
  });
  assertEquals(readChallenge('Basic realm="x"', HTTPS), "basic");
  for (const other of [null, "", "Negotiate"]) assertEquals(readChallenge(other, HTTPS), undefined);
});

Deno.test("readChallenge() refuses a token service without URL or TLS", () => {
  assertThrows(() => readChallenge("Bearer", HTTPS), Error, "has no realm");
  const plain = 'Bearer realm="http://auth.test/token"';
  assertThrows(() => readChallenge(plain, HTTPS), Error, "has no TLS");
  assertEquals((readChallenge(plain, new URL("http://registry.test")) as { service: string }).service, "");
});
