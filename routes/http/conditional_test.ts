import { assertEquals, assertThrows } from "@std/assert";
import { parseDigest, RegistryError } from "../../oci/mod.ts";
import { evaluateRead, parseEntityTags, parseTagCondition, rangeApplies } from "./conditional.ts";

const A = parseDigest(`sha256:${"a".repeat(64)}`);
const B = parseDigest(`sha512:${"b".repeat(128)}`);

Deno.test("parseEntityTags() reads one, several, weak ones and any", () => {
  assertEquals(parseEntityTags('"x"'), [{ weak: false, value: "x" }]);
  assertEquals(parseEntityTags('W/"x"'), [{ weak: true, value: "x" }]);
  assertEquals(parseEntityTags('""'), [{ weak: false, value: "" }]);
  assertEquals(parseEntityTags('"a,b" ,W/"c"\t, "d"'), [
    { weak: false, value: "a,b" },
    { weak: true, value: "c" },
    { weak: false, value: "d" },
  ]);
  assertEquals(parseEntityTags(' ,, "x",, '), [{ weak: false, value: "x" }]);
  assertEquals(parseEntityTags("*"), "*");
});

Deno.test("parseEntityTags() rejects malformed entity tags", () => {
  for (const field of ["", ",", "x", '"x', 'x"', '"x" "y"', '"x"W/"y"', 'w/"x"', "'x'", '*, "x"', '"x", *']) {
    assertEquals(parseEntityTags(field), undefined, field);
  }
});

Deno.test("parseEntityTags() takes time linear in a field that matches nowhere", () => {
  assertEquals(parseEntityTags(`${", ".repeat(30_000)}x`), undefined);
});

Deno.test("evaluateRead() compares If-None-Match weakly (RFC 9110 §13.1.2)", () => {
  const rows: [string, string][] = [
    [`"${A}"`, "not-modified"],
    [`W/"${A}"`, "not-modified"],
    [`"${B}", W/"${A}"`, "not-modified"],
    ["*", "not-modified"],
    [`"${B}"`, "proceed"],
    [`"${A}x"`, "proceed"],
    ["malformed", "proceed"],
    ["", "proceed"],
  ];
  for (const [field, outcome] of rows) {
    assertEquals(evaluateRead(new Headers({ "If-None-Match": field }), A), outcome, field);
  }
});

Deno.test("evaluateRead() takes the digest without quotes, as docker's client library sends it", () => {
  assertEquals(evaluateRead(new Headers({ "If-None-Match": A }), A), "not-modified");
});

Deno.test("evaluateRead() compares If-Match strongly, and before If-None-Match (RFC 9110 §13.2.2)", () => {
  const rows: [string, string][] = [
    [`"${A}"`, "proceed"],
    [`"${B}", "${A}"`, "proceed"],
    ["*", "proceed"],
    [`W/"${A}"`, "failed"],
    [`"${B}"`, "failed"],
    ["malformed", "failed"],
  ];
  for (const [field, outcome] of rows) {
    assertEquals(evaluateRead(new Headers({ "If-Match": field }), A), outcome, field);
  }
  assertEquals(evaluateRead(new Headers({ "If-Match": `"${B}"`, "If-None-Match": "*" }), A), "failed");
});

Deno.test("rangeApplies() heeds If-Range only when it is the strong entity tag (RFC 9110 §13.1.5)", () => {
  assertEquals(rangeApplies(new Headers(), A), true);
  assertEquals(rangeApplies(new Headers({ "If-Range": `"${A}"` }), A), true);
  for (const field of [`W/"${A}"`, `"${B}"`, A, "*", "Wed, 21 Oct 2015 07:28:00 GMT"]) {
    assertEquals(rangeApplies(new Headers({ "If-Range": field }), A), false, field);
  }
});

Deno.test("parseTagCondition() reads digests from both fields", () => {
  assertEquals(parseTagCondition(new Headers()), {});
  assertEquals(parseTagCondition(new Headers({ "If-Match": `"${A}", "${B}"` })), { ifMatch: [A, B] });
  assertEquals(parseTagCondition(new Headers({ "If-None-Match": "*" })), { ifNoneMatch: "*" });
  assertEquals(parseTagCondition(new Headers({ "If-Match": "*", "If-None-Match": `"${A}"` })), {
    ifMatch: "*",
    ifNoneMatch: [A],
  });
});

Deno.test("parseTagCondition() lets an entity tag that is no digest match nothing", () => {
  assertEquals(parseTagCondition(new Headers({ "If-Match": '"abc"' })), { ifMatch: [] });
  assertEquals(parseTagCondition(new Headers({ "If-None-Match": '"abc"' })), { ifNoneMatch: [] });
});

Deno.test("parseTagCondition() keeps a weak tag for If-None-Match alone", () => {
  assertEquals(parseTagCondition(new Headers({ "If-Match": `W/"${A}"` })), { ifMatch: [] });
  assertEquals(parseTagCondition(new Headers({ "If-None-Match": `W/"${A}"` })), { ifNoneMatch: [A] });
});

Deno.test("parseTagCondition() refuses a malformed field rather than move the tag without a condition", () => {
  for (const name of ["If-Match", "If-None-Match"]) {
    for (const field of [A, '"x', "", "* *"]) {
      const error = assertThrows(() => parseTagCondition(new Headers({ [name]: field })), RegistryError);
      assertEquals(error.status, 400, `${name}: ${field}`);
    }
  }
});
