// Modules that a process loads before its first answer.
import { assert, assertEquals } from "@std/assert";

interface Module {
  specifier: string;
  dependencies?: { isDynamic?: boolean; code?: { specifier?: string } }[];
}

const ROOT = new URL("../../", import.meta.url);

/** Sources that `main.ts` imports statically, through any number of others, by their path from the root. */
async function staticImports(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
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
  return [...reached].filter((specifier) => specifier.startsWith(ROOT.href))
    .map((specifier) => specifier.slice(ROOT.href.length));
}

Deno.test("main.ts loads only the parts of each room that the first answer needs", async () => {
  const loaded = await staticImports();
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
  ];
  assertEquals(loaded.filter((path) => later.includes(path)), []);
});
