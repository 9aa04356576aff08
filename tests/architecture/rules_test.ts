import { assert, assertEquals } from "@std/assert";
import { SOURCES } from "../../bundle/mod.ts";
import manifest from "../../deno.json" with { type: "json" };
import { importsOf, specifiersOf } from "./imports.ts";
import { circles, LAYERS, missingDoors, pastDoors, strayed, upwards } from "./rules.ts";
import { readSources } from "./sources.ts";

Deno.test("imports go through doors, down, and in no circle", async () => {
  const imports = importsOf(await readSources());
  assert(imports.size > 500);
  assertEquals(pastDoors(imports), []);
  assertEquals(upwards(imports), []);
  assertEquals(circles(imports), []);
  assertEquals(strayed(imports), []);
  assertEquals(missingDoors(imports), []);
});

Deno.test("the bundle, the upload to Deno Deploy and the container image have every room that a process needs", () => {
  // The door of the package, and the programs that write a bundle.
  const rooms = LAYERS.flat().filter((room) => room !== "app" && room !== "bundle").sort();
  assertEquals([...SOURCES].sort(), rooms);
  const files = ["deno.json", "deno.lock"];
  assertEquals(manifest.deploy.include.toSorted(), [...files, ...rooms].sort());
  const kept = Deno.readTextFileSync(new URL("../../.containerignore", import.meta.url)).matchAll(
    /^!(.+)$/gm,
  );
  assertEquals([...kept].map(([, name]) => name!).sort(), [...files, ...rooms, "bundle"].sort());
});

/** The imports of sources that are given as text. */
const planted = (sources: Record<string, string>) => importsOf(new Map(Object.entries(sources)));

Deno.test("specifiersOf() finds imports of every form", () => {
  const forms = [
    'import { a } from "./a.ts";',
    'import type { B } from "./b.ts";',
    'export * from "./c.ts";',
    'export type { D } from "./d.ts";',
    'const e = await import("./e.ts");',
    'type F = typeof import("./f.ts");',
    'const g = import(new URL("g.ts", import.meta.url).href);',
    'import "./h.ts";',
    'new Worker(new URL("worker.ts", import.meta.url), { type: "module" });',
  ];
  assertEquals(
    specifiersOf(forms.join("\n")).map((specifier) => specifier.replace("./", "")),
    [
      ..."abcdefgh",
    ].map((name) => `${name}.ts`),
  );
});

Deno.test("pastDoors() finds an import that reaches past a door, types included", () => {
  const imports = planted({
    "cache/cached.ts": 'import type { A } from "../registry/blobs/blobs.ts";',
    "registry/blobs/blobs.ts": 'import { b } from "../items/blob.ts"; import { c } from "../caller.ts";',
    "registry/items/blob.ts": "",
    "registry/caller.ts": "",
    "registry/mod.ts": 'export { b } from "./blobs/blobs.ts";',
    "routes/mod.ts":
      'import { a } from "../registry/mod.ts"; import { p } from "../registry/testing/parts.ts";',
    "registry/testing/parts.ts": "",
    "registry/some_test.ts": 'import { p } from "./testing/parts.ts"; import { b } from "./items/blob.ts";',
  });
  assertEquals(pastDoors(imports), [
    "cache/cached.ts imports registry/blobs/blobs.ts",
    "registry/blobs/blobs.ts imports registry/items/blob.ts",
    "routes/mod.ts imports registry/testing/parts.ts",
    "registry/some_test.ts imports registry/items/blob.ts",
  ]);
});

Deno.test("upwards() finds an import from a folder above or beside, but not that of a test", () => {
  const imports = planted({
    "registry/mod.ts": 'import { a } from "../routes/mod.ts";',
    "registry/mod_test.ts": 'import { a } from "../routes/mod.ts";',
    "routes/mod.ts": 'import { b } from "../registry/mod.ts";',
    "backup/mod.ts": 'import { a } from "../routes/mod.ts";',
    "auth/mod.ts": 'import { b } from "../registry/mod.ts"; import { c } from "../storage/mod.ts";',
    "storage/mod.ts": "",
  });
  assertEquals(upwards(imports), [
    "registry/mod.ts imports routes/mod.ts",
    "backup/mod.ts imports routes/mod.ts",
    "auth/mod.ts imports registry/mod.ts",
  ]);
});

Deno.test("circles() finds sources that import each other", () => {
  const imports = planted({
    "oci/a.ts": 'import { b } from "./b.ts";',
    "oci/b.ts": 'import { c } from "./c.ts";',
    "oci/c.ts": 'import type { a } from "./a.ts";',
    "oci/d.ts": 'import { a } from "./a.ts";',
  });
  assertEquals(circles(imports), ["oci/a.ts -> oci/b.ts -> oci/c.ts -> oci/a.ts"]);
});

Deno.test("strayed() and missingDoors() find a source at the top level and a door that is gone", () => {
  const imports = planted({ "main.ts": "", "log.ts": "" });
  assertEquals(strayed(imports), ["log.ts"]);
  assert(missingDoors(imports).includes("storage/ports.ts"));
});
