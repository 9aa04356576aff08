import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fakeApp } from "../tests/harness/app.ts";

Deno.test("getHome() is a page that introduces the registry and explains how to push", async () => {
  const response = await fakeApp({}).request("/");
  assertEquals(response.headers.get("Content-Type"), "text/html; charset=utf-8");
  const page = await response.text();
  assertStringIncludes(page, "registry for container images");
  assertStringIncludes(page, "podman push");
});

Deno.test("getHome() contains no script, no external resource and no text of the request", async () => {
  const { request } = fakeApp({});
  const response = await request("/?q=evil-query", {
    headers: { "Host": "evil-host", "User-Agent": "evil-agent" },
  });
  assertMatch(response.headers.get("Content-Security-Policy") ?? "", /^default-src 'none';/);
  const page = await response.text();
  assert(!/<script|<img|<iframe|\son\w+=|evil/i.test(page));
});
