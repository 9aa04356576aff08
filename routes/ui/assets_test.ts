import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { buildApp } from "../../tests/harness/app.ts";
import { assetUrl } from "./assets.ts";

Deno.test("assetUrl() is answered with the file, for ever and for every cache", async () => {
  const { request } = buildApp({ ui: {} });
  for (const [name, type] of [["style.css", "text/css"], ["script.js", "text/javascript"]] as const) {
    const response = await request(assetUrl(name));
    assertEquals(response.status, 200);
    assertMatch(response.headers.get("Content-Type")!, new RegExp(`^${type}`));
    assertEquals(response.headers.get("Cache-Control"), "public, max-age=31536000, immutable");
    assertEquals(response.headers.get("X-Content-Type-Options"), "nosniff");
    assertEquals(
      await response.text(),
      await Deno.readTextFile(new URL(`assets/${name}`, import.meta.url)),
    );
  }
});

Deno.test("assetUrl() changes with the content, and no other version is answered", async () => {
  const { request } = buildApp({ ui: {} });
  const path = assetUrl("style.css");
  const other = path.replace(/-[^.]+/, (hash) => `-${"A".repeat(hash.length - 1)}`);
  assertNotEquals(other, path);
  for (const wrong of [other, "/assets/style.css", "/assets/", "/assets/..%2fmod.ts"]) {
    const response = await request(wrong);
    assertEquals(response.status, 404, wrong);
    assert(response.headers.get("Cache-Control")!.includes("no-store"));
    await response.body?.cancel();
  }
});
