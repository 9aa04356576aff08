// The registry inside another Hono app.
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import type { AppEnv } from "./mod.ts";
import { buildApp, fakeApp, type TestApp } from "../tests/harness/app.ts";
import { EMPTY, imageOf, pushBlob, pushManifest } from "../tests/harness/content.ts";

/** An app with a page of its own before and after the registry, and the paths that its middleware saw. */
function outerApp({ app }: Pick<TestApp, "app">) {
  const seen: string[] = [];
  const outer = new Hono()
    .use(async (c, next) => {
      await next();
      seen.push(`${c.res.status} ${c.req.path}`);
      c.res.headers.set("X-Outer", "yes");
    })
    .get("/", (c) => c.text("outer home"))
    .route("/", app)
    .get("/about", (c) => c.text("outer page"))
    .notFound((c) => c.text("outer 404", 404))
    .onError((_error, c) => c.text("outer 500", 500));
  return { outer, seen, send: async (path: string, init?: RequestInit) => await outer.request(path, init) };
}

Deno.test("createApp() serves a push and a pull inside another app, with the middleware of that app", async () => {
  const { send, seen } = outerApp(buildApp());
  const image = imageOf("outer");
  await pushBlob(send, "team/app", EMPTY);
  await pushManifest(send, "team/app", image, "v1");
  const response = await send("/v2/team/app/manifests/v1");
  assertEquals([response.status, response.headers.get("X-Outer")], [200, "yes"]);
  assertEquals(response.headers.get("Docker-Content-Digest"), image.digest);
  const head = await send("/v2/team/app/manifests/v1", { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(head.headers.get("Content-Length"), `${(await response.bytes()).byteLength}`);
  assertEquals(seen.at(-1), "200 /v2/team/app/manifests/v1");
});

Deno.test("createApp() leaves the other paths of an outer app to that app, its pages and its answer to unknown ones", async () => {
  const inner = fakeApp({});
  const { send } = outerApp(inner);
  for (
    const [path, body] of [["/", "outer home"], ["/about", "outer page"], ["/nowhere", "outer 404"]] as const
  ) {
    const response = await send(path);
    assertEquals([await response.text(), response.headers.has("X-Request-Id")], [body, false]);
  }
  assertEquals(inner.entries, []);
});

Deno.test("createApp() answers and logs its own errors inside another app", async () => {
  const bug = new TypeError("bug");
  const inner = fakeApp({ listTags: () => Promise.reject(bug) });
  const { send } = outerApp(inner);
  for (
    const [path, status] of [["/v2/a/tags/list", 500], ["/v2/UPPER/tags/list", 400], ["/v2/x", 404]] as const
  ) {
    const response = await send(path);
    const { errors } = await response.json();
    assertEquals([response.status, errors.length, response.headers.has("X-Request-Id")], [status, 1, true]);
  }
  assertEquals(inner.entries.map(({ status, error }) => [status, error]), [[500, bug], [400, undefined], [
    404,
    undefined,
  ]]);
});

Deno.test("createApp() refuses encoded paths although the router of an outer app decodes them", async () => {
  const { send } = outerApp(buildApp());
  for (
    const path of ["/%6civez", "/%76%32/", "/v2%2fa/tags/list", "/v2/%61/tags/list", "/toke%6e", "/livez/"]
  ) {
    const response = await send(path);
    assert(response.status === 404 || response.status === 400, `${path} answers ${response.status}`);
    await response.body?.cancel();
  }
});

Deno.test("createApp() finds no repository under a prefix, since the specification has none", async () => {
  const outer = new Hono().route("/registry", buildApp().app);
  for (const path of ["/v2/", "/v2/a/tags/list", "/livez", "/token", "/v2/_skerry/tokens", "/"]) {
    const response = await outer.request(`/registry${path}`);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
});

Deno.test("createApp() tells an outer app's middleware the id, the route and the account", async () => {
  const { app } = fakeApp({});
  const outer = new Hono<AppEnv>();
  let told: unknown;
  outer.use(async (c, next) => {
    await next();
    const { id, route, client } = (c as unknown as { get(name: "skerry"): import("./mod.ts").Exchange }).get(
      "skerry",
    );
    told = [id === c.res.headers.get("X-Request-Id"), route?.kind, client.principal];
  });
  await outer.route("/", app).request("/v2/");
  assertEquals(told, [true, "base", "anonymous"]);
});
