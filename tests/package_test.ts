// The package: its exports, and its version, which no client learns.
import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { buildApp } from "./harness/app.ts";

Deno.test("deno.json has a name, a version and exports that exist", async () => {
  assertMatch(manifest.name, /^@[a-z]+\/[a-z]+$/);
  assertMatch(manifest.version, /^\d+\.\d+\.\d+(-\w+)?$/);
  const names = new Map<string, string[]>();
  for (const [name, path] of Object.entries(manifest.exports)) {
    names.set(name, Object.keys(await import(new URL(`../${path}`, import.meta.url).href)));
  }
  for (
    const name of [
      "createApp",
      "createRegistry",
      "cached",
      "MemoryObjectStore",
      "MemoryTable",
      "RegistryError",
    ]
  ) {
    assert(names.get(".")?.includes(name), `${name} is not exported`);
  }
  assertEquals(names.get("./cli"), ["runCommand"]);
});

Deno.test("no answer and no entry of the access log has the version", async () => {
  const { request, entries } = buildApp();
  for (
    const [path, method] of [
      ["/", "GET"],
      ["/v2/", "GET"],
      ["/v2/", "POST"],
      ["/livez", "GET"],
      ["/readyz", "GET"],
      ["/v2/_oci/ext/discover", "GET"],
      ["/v2/_catalog", "GET"],
      ["/v2/UPPER/tags/list", "GET"],
      ["/nowhere", "GET"],
    ] as const
  ) {
    const response = await request(path, { method });
    const shown = JSON.stringify([...response.headers]) + await response.text();
    assert(!shown.includes(manifest.version), `${method} ${path} shows the version`);
    assert(!/"(server|x-powered-by)"/i.test(shown), `${method} ${path} names the software in a header`);
  }
  assertEquals(entries.length, 9);
  assert(!JSON.stringify(entries.map(({ path, error }) => [path, error])).includes(manifest.version));
});
