// CVE-2024-39897 (zot): a mount copied blobs from repositories that the caller could not read.
import { assertEquals } from "@std/assert";
import { parseRepositoryName } from "../../oci/mod.ts";
import { callerWith } from "../../tests/harness/callers.ts";
import { codeOf } from "../../tests/harness/images.ts";
import { content, digest, hooked, pushBlob, REPOSITORY, TestStores } from "../../tests/harness/stores.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";

const [MINE, SHARED, SECRET] = ["mine", "shared", "secret"].map(parseRepositoryName) as [
  typeof REPOSITORY,
  typeof REPOSITORY,
  typeof REPOSITORY,
];
const BYTES = content(12, 4);
const BLOB = digest(BYTES);

/** A caller that may push to one repository, and read that one and another. */
const CALLER = callerWith(["pull", "push"], [MINE, SHARED]);

Deno.test("CVE-2024-39897: mountBlob() takes nothing from a repository that the caller may not pull from", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  await pushBlob(registry, BYTES, SECRET);
  const before = await stores.items();
  assertEquals(await registry.mountBlob(MINE, CALLER, BLOB, SECRET), undefined);
  assertEquals(await registry.mountBlob(MINE, CALLER, BLOB, undefined), undefined);
  assertEquals(await stores.items(), before, "Nothing is linked");
  assertEquals(await codeOf(() => registry.statBlob(MINE, BLOB)), "BLOB_UNKNOWN");

  await pushBlob(registry, BYTES, SHARED);
  assertEquals(await registry.mountBlob(MINE, CALLER, BLOB, SECRET), undefined);
  for (const from of [SHARED, undefined]) {
    assertEquals(await registry.mountBlob(MINE, CALLER, BLOB, from), { digest: BLOB, size: 12 });
  }
});

Deno.test("mountBlob() reads nothing of a repository that the caller may not pull from, and a bounded number without one", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry();
  for (let i = 10; i < 70; i++) await pushBlob(registry, BYTES, parseRepositoryName(`secret/${i}`));
  await pushBlob(registry, BYTES, SHARED);
  const calls: string[] = [];
  const counted =
    stores.registry({ table: hooked(stores.table, (method) => void calls.push(method)) }).registry;
  assertEquals(await counted.mountBlob(MINE, CALLER, BLOB, SECRET), undefined);
  assertEquals(calls, []);
  assertEquals(await counted.mountBlob(MINE, CALLER, BLOB, undefined), undefined);
  assertEquals(calls, ["query"]);
  assertEquals((await counted.mountBlob(MINE, UNRESTRICTED_CALLER, BLOB, undefined))?.digest, BLOB);
});
