// Modules that a process loads before its first answer.
import { assert, assertEquals } from "@std/assert";

interface Module {
  specifier: string;
  dependencies?: { isDynamic?: boolean; code?: { specifier?: string } }[];
}

const ROOT = new URL("../../", import.meta.url);

/** Modules that a source imports statically, through any number of others: sources by their path from the root. */
async function staticImports(entry: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
    stderr: "null",
  }).output();
  const info: { roots: string[]; modules: Module[] } = JSON.parse(new TextDecoder().decode(stdout));
  const modules = new Map(info.modules.map((module) => [module.specifier, module]));
  const reached = new Set(info.roots);
  for (const specifier of reached) {
    for (const { isDynamic, code } of modules.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) reached.add(code.specifier);
    }
  }
  return [...reached].map((specifier) => specifier.replace(ROOT.href, ""));
}

Deno.test("main.ts loads only the parts of each room that the first answer needs", async () => {
  const loaded = await staticImports("main.ts");
  assert(loaded.includes("routes/services.ts"));
  const later = [
    "oci/mod.ts",
    "storage/mod.ts",
    "storage/ports.ts",
    "auth/mod.ts",
    "auth/interface.ts",
    "registry/mod.ts",
    "registry/interface.ts",
    "routes/registry_route.ts",
    "routes/http/content.ts",
    "config/config.ts",
    "cli/mod.ts",
    "process/open/open_registry.ts",
    "process/telemetry/mod.ts",
    "telemetry/mod.ts",
    "telemetry/observer.ts",
  ];
  assertEquals(loaded.filter((path) => later.includes(path)), []);
});

Deno.test("the registry loads the drivers of its own storage only, and node:https with the first upload", async () => {
  const registry = await staticImports("process/open/open_registry.ts");
  assert(registry.includes("process/open/open_storage.ts"));
  assertEquals(registry.filter((path) => ["storage/mod.ts", "storage/table/sqlite.ts"].includes(path)), []);
  const s3 = await staticImports("storage/objects/s3/mod.ts");
  assert(s3.includes("storage/objects/s3/transfers.ts"));
  assertEquals(s3.filter((specifier) => ["node:http", "node:https", "node:tls"].includes(specifier)), []);
});
