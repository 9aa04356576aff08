import { assertEquals } from "@std/assert";
import type { Tag } from "../oci/mod.ts";
import type { Page, PageRequest } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";

function appListing(page: Page<string>) {
  const asked: PageRequest[] = [];
  const { request } = fakeApp({
    listTags: (_repository, request) => {
      asked.push(request);
      return Promise.resolve(page as Page<Tag>);
    },
  });
  return { request, asked };
}

Deno.test("listTags() names the repository and its tags", async () => {
  const { request, asked } = appListing({ items: ["a", "b"] });
  const response = await request("/v2/team/app/tags/list");
  assertEquals(await response.json(), { name: "team/app", tags: ["a", "b"] });
  assertEquals(response.headers.get("Content-Type"), "application/json");
  assertEquals(response.headers.get("Link"), null);
  assertEquals(asked, [{}]);
});

Deno.test("listTags() answers an empty list, never null, when there are none", async () => {
  const { request } = appListing({ items: [] });
  assertEquals(await (await request("/v2/a/tags/list")).text(), '{"name":"a","tags":[]}');
});

Deno.test("listTags() links to the next page with the page size that was asked for", async () => {
  const { request, asked } = appListing({ items: ["b", "c"], next: "c" });
  const response = await request("/v2/team/app/tags/list?n=2&last=a");
  assertEquals(response.headers.get("Link"), '</v2/team/app/tags/list?n=2&last=c>; rel="next"');
  assertEquals(asked, [{ limit: 2, after: "a" }]);
});

Deno.test("listTags() links to the next page when the registry cut the list by itself", async () => {
  const { request } = appListing({ items: ["b"], next: "b" });
  const response = await request("/v2/a/tags/list");
  assertEquals(response.headers.get("Link"), '</v2/a/tags/list?last=b>; rel="next"');
});

Deno.test("listTags() tells HEAD the length of the list", async () => {
  const { request } = appListing({ items: ["b"] });
  const get = await request("/v2/a/tags/list");
  const head = await request("/v2/a/tags/list", { method: "HEAD" });
  assertEquals(head.headers.get("Content-Length"), String((await get.bytes()).byteLength));
  assertEquals(await head.text(), "");
});
