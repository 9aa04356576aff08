import { assertEquals } from "@std/assert";
import { problemsIn } from "./doc_lint.ts";

Deno.test("problemsIn() finds every problem except that the app is a type of Hono", () => {
  const hono = "error[private-type-ref]: public type 'App' references private type 'Hono'\n --> a.ts:1:1\n\n";
  const other = "error[missing-jsdoc]: exported symbol is missing JSDoc documentation\n --> b.ts:5:3\n\n";
  const more =
    "error[private-type-ref]: public type 'App' references private type 'Other'\n --> c.ts:1:1\n\n";
  const end = "error: Found 3 documentation lint errors.\n";
  assertEquals(problemsIn(hono + other + more + end), [other, more]);
  assertEquals(problemsIn(hono + end), []);
  assertEquals(problemsIn("error: Module not found\n"), ["error: Module not found\n"]);
});
