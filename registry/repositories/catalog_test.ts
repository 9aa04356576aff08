import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { parseRepositoryName, RegistryError, type RepositoryName } from "../../oci/mod.ts";
import { TestStores } from "../../tests/harness/stores.ts";
import { type Caller, UNRESTRICTED_CALLER } from "../caller.ts";
import { repositoryKey } from "../items/mod.ts";

/** A registry that knows repositories `r00000` and so on, and a caller who may pull from some of them. */
async function open(count: number, isVisible: (index: number) => boolean) {
  const stores = new TestStores();
  const names = Array.from(
    { length: count },
    (_, i) => parseRepositoryName(`r${String(i).padStart(5, "0")}`),
  );
  await stores.table.putMany(names.map((name) => ({ ...repositoryKey(name), attributes: { createdAt: 0 } })));
  const caller: Caller = { ...UNRESTRICTED_CALLER, sees: (name) => isVisible(Number(name.slice(1))) };
  const { registry } = stores.registry();
  const visible = names.filter((_, i) => isVisible(i));
  return { stores, registry, caller, names, visible };
}

Deno.test("listRepositories() lists only repositories that the caller may pull from, in full pages", async () => {
  const { registry, caller, visible } = await open(50, (i) => i % 7 === 3);
  assertEquals(await registry.listRepositories({}, caller), { items: visible });
  const found: RepositoryName[] = [];
  for (let after: string | undefined, pages = 0;; pages++) {
    const page = await registry.listRepositories({ limit: 3, ...(after && { after }) }, caller);
    found.push(...page.items);
    if (page.next === undefined) break;
    assertEquals(page.items.length, 3);
    assertEquals(page.next, page.items.at(-1));
    after = page.next;
    assertEquals(pages < 10, true);
  }
  assertEquals(found, visible);
  assertEquals(await registry.listRepositories({ limit: 0 }, caller), { items: [] });
});

Deno.test("listRepositories() ends a page among invisible repositories, and reveals none of their names", async () => {
  const { stores, registry, caller, names } = await open(30_000, (i) => i === 5 || i === 29_999);
  const first = await registry.listRepositories({ limit: 10 }, caller);
  assertEquals(first.items, [names[5]!]);
  assertMatch(first.next!, /^~[\w-]+$/);
  assertNotEquals(first.next, (await registry.listRepositories({ limit: 10 }, caller)).next);
  // Another process goes on.
  const second = await stores.registry().registry.listRepositories({ limit: 10, after: first.next! }, caller);
  assertEquals(second, { items: [names[29_999]!] });
});

Deno.test("listRepositories() knows no place in the list that it has not given", async () => {
  const { registry } = await open(1, () => true);
  for (const after of ["~", "~AAAA", `~${"A".repeat(80)}`, "~\u{1f4a9}"]) {
    const error = await assertRejects(
      () => registry.listRepositories({ after }, UNRESTRICTED_CALLER),
      RegistryError,
    );
    assertEquals([error.code, error.status], ["UNSUPPORTED", 400]);
  }
});
