import { assertEquals } from "@std/assert";
import { MAX_NAME_CHARACTERS } from "../oci/name.ts";
import { parseRepositoryName, type RepositoryName } from "../oci/mod.ts";
import { type Caller, type PageRequest, UNRESTRICTED_CALLER } from "../registry/interface.ts";
import { repositoryKey } from "../registry/items/mod.ts";
import { fakeApp } from "../tests/harness/app.ts";
import { TestStores } from "../tests/harness/stores.ts";

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

Deno.test("listRepositories() goes on after a page that ends at the longest name, which the caller may not see", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const last = parseRepositoryName("z".repeat(MAX_NAME_CHARACTERS));
  const names = [...Array.from({ length: 20_001 }, (_, i) => `r${String(i).padStart(5, "0")}`), last];
  const items = names.map((name) => repositoryKey(parseRepositoryName(name)));
  await stores.table.putMany(items.map((key) => ({ ...key, attributes: { createdAt: 0 } })));
  const blind: Caller = { ...UNRESTRICTED_CALLER, sees: () => false };
  const { request } = fakeApp({ listRepositories: (page) => registry.listRepositories(page, blind) });
  let [path, pages] = ["/v2/_catalog?n=1", 0];
  for (; path !== ""; pages++) {
    const response = await request(path);
    assertEquals(response.status, 200, path);
    assertEquals(await response.json(), { repositories: [] });
    path = /^<(.*)>/.exec(response.headers.get("Link") ?? "")?.[1] ?? "";
  }
  assertEquals(pages, 2);
});

Deno.test("listRepositories() answers an empty list when there are none", async () => {
  const { request } = fakeApp({ listRepositories: () => Promise.resolve({ items: [] }) });
  const response = await request("/v2/_catalog");
  assertEquals(await response.text(), '{"repositories":[]}');
  assertEquals(response.headers.get("Link"), null);
});
