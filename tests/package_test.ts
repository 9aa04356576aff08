// The package: its exports, and its version, which no client learns.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { buildApp } from "./harness/app.ts";
import { EMPTY, imageOf, pushBlob, pushManifest } from "./harness/content.ts";

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
  assertEquals(names.get("./cli"), ["StartError", "readConfig", "runCommand"]);
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

// Only imports that an outer project can write.
Deno.test("the package serves a folder, and runs a command on it with a configuration of its own loader", async () => {
  const { cached, createApp, createRegistry, FilesystemObjectStore, SqliteTable } = await import(
    "@skerry/registry"
  );
  const { readConfig, runCommand } = await import("@skerry/registry/cli");
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  const objects = await FilesystemObjectStore.open(`${data}/objects`);
  const table = await SqliteTable.open(`${data}/table.sqlite`);
  try {
    const { registry, epochs } = createRegistry({ objects, table });
    const app = createApp({
      registry: cached(registry, epochs),
      log: () => {},
      ready: () => Promise.resolve(true),
      limits: { maxManifestSize: 4 * 1024 * 1024, uploadIdleTimeout: 60_000 },
    });
    const image = imageOf("of a package");
    const send = async (path: string, init?: RequestInit) => await app.request(path, init);
    await pushBlob(send, "hello", EMPTY);
    await pushManifest(send, "hello", image, "latest");
    const lines: string[] = [];
    const config = () => readConfig({ SKERRY_DATA: data, SKERRY_LOG: "off" });
    const print = (text: string) => lines.push(text);
    assertEquals(await runCommand(["delete-repository", "hello"], { config, print }), 0);
    assertMatch(lines.join("\n"), /hello/);
    assertEquals((await send("/v2/hello/manifests/latest")).status, 404);
  } finally {
    await table.close();
    await Deno.remove(data, { recursive: true });
  }
});

Deno.test("readConfig() of the package rejects with every problem of the settings", async () => {
  const { readConfig, StartError } = await import("@skerry/registry/cli");
  const { message } = await assertRejects(() => readConfig({ PORT: "x", SKERRY_GRACE: "y" }), StartError);
  assertMatch(message, /PORT/);
  assertMatch(message, /SKERRY_GRACE/);
});
