import { assertEquals } from "@std/assert";
import { problemsIn, undocumentedIn } from "./doc_lint.ts";

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

Deno.test("undocumentedIn() finds missing documentation and failures of the lint itself", () => {
  const missing = "error[missing-jsdoc]: exported symbol is missing JSDoc documentation\n --> a.ts:5:3\n\n";
  const reference = "error[private-type-ref]: public type 'A' references private type 'B'\n --> b.ts:1:1\n\n";
  const type =
    "error[missing-return-type]: exported function is missing an explicit return type annotation\n";
  const end = "error: Found 3 documentation lint errors.\n";
  assertEquals(undocumentedIn(reference + missing + type + end), [missing]);
  assertEquals(undocumentedIn("error: Module not found\n"), ["error: Module not found\n"]);
});
