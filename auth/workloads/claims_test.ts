import { assertEquals } from "@std/assert";
import { listClaims, textClaims } from "./claims.ts";

Deno.test("textClaims() converts text, numbers and booleans to text, and drops nested and rounded values", () => {
  const payload = JSON.parse(`{
    "sub": "a", "repository_id": 42, "protected": true, "nothing": null, "list": ["a"], "map": {"a": "b"},
    "half": 0.5, "rounded": 9007199254740993, "__proto__": "own"
  }`);
  const claims = textClaims(payload);
  assertEquals(Object.entries(claims), [
    ["sub", "a"],
    ["repository_id", "42"],
    ["protected", "true"],
    ["__proto__", "own"],
  ]);
});

Deno.test("textClaims() drops the claims that describe only the token", () => {
  assertEquals(textClaims({ iss: "a", exp: 1, nbf: 1, iat: 1, jti: "a", aud: "b" }), { aud: "b" });
});

Deno.test("textClaims() drops long claims, and claims beyond the limit", () => {
  const long = { value: "x".repeat(1025), ["n".repeat(129)]: "a", kept: "x".repeat(1024) };
  assertEquals(Object.keys(textClaims(long)), ["kept"]);
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`claim-${index}`, "x"]));
  const size = Object.entries(textClaims(many)).flat().join("").length;
  assertEquals(size <= 4096 && size > 4000, true);
});

Deno.test("listClaims() returns lists of text within their limits", () => {
  const payload = {
    groups: ["a", 7, true, null, ["b"], "c"],
    empty: [],
    text: "x",
    jti: ["y"],
    [`${"n".repeat(129)}`]: ["z"],
  };
  assertEquals(listClaims(payload), { groups: ["a", "7", "true", "c"] });
  assertEquals(listClaims({ groups: ["v".repeat(1025), "w"] }), { groups: ["w"] });
  const many = listClaims({ groups: Array.from({ length: 5000 }, (_, i) => `group-${i}`), more: ["x"] });
  const characters = Object.values(many).flat().join("").length;
  assertEquals([characters > 5000, characters <= 16_384, many["more"]], [true, true, undefined]);
});
