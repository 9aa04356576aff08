import { assertEquals, assertThrows } from "@std/assert";
import { forBundler, withLateImports } from "./rewrite.ts";

Deno.test("forBundler() marks late imports, and withLateImports() makes them late again", () => {
  for (
    const [target, literal] of [["x/mod.ts", "./x/mod.ts"], ["./x.ts", "./x.ts"], ["../x.ts", "../x.ts"]]
  ) {
    const { text } = forBundler("a.ts", `() => import(new URL("${target}", import.meta.url).href);`);
    assertEquals(text, `() => LATE(import("${literal}"));`);
  }
  const bundled = 'const a = () => LATE(import("./x-AB12.js"));\nconst b = await import("./y-CD34.js");';
  assertEquals(
    withLateImports("a.js", bundled),
    'const a = () => import(new URL("./x-AB12.js", import.meta.url).href);\nconst b = await import("./y-CD34.js");',
  );
});

Deno.test("forBundler() names the sources of programs", () => {
  const source = 'new Worker(new URL("work/thread.ts", import.meta.url), { type: "module" })';
  assertEquals(forBundler("a.ts", source), {
    text: 'new Worker(new URL("thread.js", import.meta.url), { type: "module" })',
    programs: ["work/thread.ts"],
  });
});

Deno.test("forBundler() and withLateImports() refuse an unknown use of import.meta and createRequire", () => {
  assertThrows(
    () => forBundler("a.ts", "const here = import.meta.dirname;"),
    Error,
    'Cannot bundle "a.ts": unknown use of import.meta',
  );
  assertThrows(
    () => withLateImports("a.js", 'import { createRequire } from "node:module";'),
    Error,
    'Cannot bundle "a.js": unknown use of createRequire',
  );
});
