import { assertEquals } from "@std/assert";
import { MAX_NAME_CHARACTERS, parseRepositoryName } from "../../oci/mod.ts";
import { type Caller, UNRESTRICTED_CALLER } from "../../registry/interface.ts";
import { fakeApp } from "../harness/app.ts";
import { TestStores } from "../harness/stores.ts";

Deno.test("the catalog goes on after a page that ends at the longest name, which the caller may not see", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  const last = parseRepositoryName("z".repeat(MAX_NAME_CHARACTERS));
  const names = [...Array.from({ length: 20_001 }, (_, i) => `r${String(i).padStart(5, "0")}`), last];
  const items = names.map((name) => ({ pk: "repos", sk: parseRepositoryName(name) }));
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
