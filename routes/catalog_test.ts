import { assertEquals } from "@std/assert";
import type { RepositoryName } from "../oci/mod.ts";
import type { PageRequest } from "../registry/interface.ts";
import { fakeApp } from "../tests/harness/app.ts";

Deno.test("listRepositories() lists them and links to the next page", async () => {
  const asked: PageRequest[] = [];
  const { request } = fakeApp({
    listRepositories: (page) => {
      asked.push(page);
      return Promise.resolve({ items: ["b", "c/d"] as RepositoryName[], next: "c/d" });
    },
  });
  const response = await request("/v2/_catalog?n=2&last=a");
  assertEquals(await response.json(), { repositories: ["b", "c/d"] });
  assertEquals(response.headers.get("Link"), '</v2/_catalog?n=2&last=c%2Fd>; rel="next"');
  assertEquals(asked, [{ limit: 2, after: "a" }]);
});

Deno.test("listRepositories() answers an empty list when there are none", async () => {
  const { request } = fakeApp({ listRepositories: () => Promise.resolve({ items: [] }) });
  const response = await request("/v2/_catalog");
  assertEquals(await response.text(), '{"repositories":[]}');
  assertEquals(response.headers.get("Link"), null);
});
