import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import { buildApp, type TestApp } from "../../tests/harness/app.ts";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../../tests/harness/content.ts";
import { openSecuredApp } from "../../tests/harness/secured_app.ts";
import { unavailable } from "../../oci/mod.ts";
import type { Registry } from "../../registry/interface.ts";

const BROWSER = { headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'; connect-src 'self'";

/** Repository of one image. */
async function push({ request }: Pick<TestApp, "request">, name: string): Promise<void> {
  await pushBlob(request, name, EMPTY);
  await pushManifest(request, name, imageOf("of a page"), "v1");
}

Deno.test("uiRoute() answers pages that no cache stores and that execute nothing of their own", async () => {
  const app = buildApp({ ui: {} });
  await push(app, "team/app");
  for (const path of ["/", "/r/nowhere", "/search?q=%3Cscript%3E", "/login/nowhere"]) {
    const response = await app.request(path, BROWSER);
    const { headers } = response;
    assertEquals(headers.get("Content-Security-Policy"), POLICY, path);
    assertEquals(headers.get("Cache-Control"), "private, no-store, no-transform", path);
    assertEquals(headers.get("Referrer-Policy"), "same-origin", path);
    assertEquals(headers.get("Cross-Origin-Opener-Policy"), "same-origin", path);
    assertEquals(headers.get("Cross-Origin-Resource-Policy"), "same-origin", path);
    assertEquals(headers.get("X-Content-Type-Options"), "nosniff", path);
    const page = await response.text();
    assert(!/<script(?![^>]* src="\/assets\/)|<style|\sstyle=|\son\w+=|https?:\/\//i.test(page), path);
  }
});

Deno.test("uiRoute() answers / with pages for browsers, and with text for other clients", async () => {
  const app = buildApp({ ui: {} });
  await push(app, "team/app");
  const page = await app.request("/", BROWSER);
  assertEquals(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  assertStringIncludes(await page.text(), 'href="/r/team/app">team/app</a>');
  const text = await app.request("/", { headers: { Accept: "*/*", Host: "registry.test:5000" } });
  assertEquals(text.headers.get("Content-Type"), "text/plain; charset=utf-8");
  assertMatch(await text.text(), /docker push localhost\/NAME:TAG/);
  assertEquals(app.entries.at(-1)?.route, "page");
});

Deno.test("uiRoute() shows the configured host instead of the requested one", async () => {
  const { request } = buildApp({ ui: { url: "https://registry.test" } });
  const page = await (await request("/", BROWSER)).text();
  assertStringIncludes(page, "docker push registry.test/demo/hello:1.0");
  assert(!page.includes("localhost"));
});

Deno.test("uiRoute() refuses encoded paths, other methods and a malformed host", async () => {
  const { app, request } = buildApp({ ui: {} });
  for (const path of ["/r/team%2fapp", "/%72/team", "/r/A", "/r/a/-/nowhere", "/r/-/at/x"]) {
    const response = await request(path, BROWSER);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
  const posted = await request("/", { method: "POST", ...BROWSER });
  assertEquals([posted.status, posted.headers.get("Allow")], [405, "GET, HEAD"]);
  await posted.body?.cancel();
  const hostile = await app.fetch(new Request("http://localhost/", { headers: { Host: 'x"><script>' } }));
  assertEquals(hostile.status, 400);
  await hostile.body?.cancel();
});

Deno.test("uiRoute() answers HEAD like GET, without the page", async () => {
  const { request, entries } = buildApp({ ui: {} });
  const response = await request("/", { method: "HEAD", ...BROWSER });
  assertEquals([response.status, await response.text()], [200, ""]);
  assertEquals(entries.at(-1)?.bytes, 0);
});

Deno.test("uiRoute() tells of an outage without its details, and the log has them", async () => {
  const outage = new Error("secret address of the store");
  const failing = (error: Error) => {
    const registry: Partial<Registry> = { listRepositories: () => Promise.reject(error) };
    return buildApp({ ui: {}, wrap: () => registry as Registry });
  };
  const app = failing(outage);
  const response = await app.request("/", BROWSER);
  assertEquals(response.status, 500);
  const page = await response.text();
  assert(!page.includes("secret"));
  assertStringIncludes(page, app.entries[0]!.id);
  assertEquals(app.entries[0]!.error, outage);
  const busy = await failing(unavailable("The registry cannot reach its storage")).request("/", BROWSER);
  assertEquals([busy.status, busy.headers.get("Retry-After")], [503, "1"]);
  assertMatch(await busy.text(), /<h1>Temporarily unavailable<\/h1>.*Try again in 1 second\./);
});

Deno.test("uiRoute() shows an anonymous client only the repositories that it may pull from", async () => {
  using app = await openSecuredApp({
    policies: [{ repositories: ["public/**"], allow: [{ to: ["anonymous"], actions: ["pull"] }] }],
  });
  const root = app.as("Basic " + btoa("root:wrong"));
  assertEquals((await root("/", BROWSER)).status, 200, "pages ignore Authorization");
  const page = await (await app.request("/", BROWSER)).text();
  assertStringIncludes(page, "This registry has no repository that you may see");
});

Deno.test("uiRoute() shows invisible characters of an address in the title, and cuts a long one", async () => {
  const { request } = buildApp({ ui: {} });
  const query = encodeURIComponent(`a\u202eb\u0000${"c".repeat(500)}`);
  const page = await (await request(`/search?q=${query}`, BROWSER)).text();
  const title = /<title>(.*?)<\/title>/s.exec(page)![1]!;
  assertStringIncludes(title, "a\\u202eb\\u0000ccc");
  assert(title.length < 250);
});

Deno.test("createApp() has no page of the web UI without the option", async () => {
  const { request } = buildApp();
  for (const path of ["/search", "/r/a", "/login", "/logout", "/account", "/admin", "/assets/style.css"]) {
    const response = await request(path, BROWSER);
    assertEquals([response.status, response.headers.get("Content-Type")], [404, "application/json"], path);
    await response.body?.cancel();
  }
  assertMatch(await (await request("/", BROWSER)).text(), /podman push/);
});

Deno.test("createApp() serves the web UI in an outer app, which keeps its other paths", async () => {
  const { app } = buildApp({ ui: {} });
  const outer = new Hono().get("/own", (c) => c.text("own")).route("/", app);
  assertEquals(await (await outer.request("/own")).text(), "own");
  assertMatch(await (await outer.request("/", BROWSER)).text(), /<h1>Repositories<\/h1>/);
  assertEquals((await outer.request("/elsewhere")).headers.get("Content-Type"), "text/plain; charset=UTF-8");
});
