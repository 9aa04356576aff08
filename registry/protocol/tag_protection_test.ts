import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { codeOf, CONFIG, LAYER } from "../../tests/harness/images.ts";
import {
  content,
  digest,
  type Hook,
  hooked,
  imageOf,
  INDEX,
  indexOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
  utf8,
} from "../../tests/harness/stores.ts";
import type { Table } from "../../storage/ports.ts";
import { edgeKey } from "../items/mod.ts";
import type { Registry } from "../registry.ts";
import { MAX_ITEMS_READ } from "./tag_protection.ts";

const IMAGE = imageOf(CONFIG, [LAYER]);
const INNER = indexOf([IMAGE]);
const OUTER = indexOf([INNER], INDEX);
const BLOBS = [digest(CONFIG), digest(LAYER)];

/** A registry whose tags `v*` are immutable, with an image; and processes whose calls can be seen. */
async function open({ keepTags = false } = {}) {
  const stores = new TestStores();
  const options = keepTags
    ? { keepTags }
    : { immutable: [{ repositories: ["**"], tags: ["v*"], except: [] }], grace: 60 * 60_000 };
  const { registry } = stores.registry(options);
  await pushBlob(registry, CONFIG);
  await pushBlob(registry, LAYER);
  await pushManifest(registry, IMAGE);
  const other = (before: Hook) =>
    stores.registry({ ...options, table: hooked(stores.table, before) }).registry;
  return { stores, registry, other };
}

/** Items that a refused delete must leave: all but versions, which change with the marks, and what is only proposed to go. */
async function contents(stores: TestStores) {
  const items = (await stores.items()).filter(({ pk }) => !pk.startsWith("garbage#"));
  return items.map(({ version: _, ...item }) => item);
}

/** Asserts that a delete is refused because of this tag. */
async function assertNeeded(attempt: () => Promise<unknown>, name: string): Promise<void> {
  const error = await assertRejects(attempt, RegistryError);
  assertEquals([error.code, error.status], ["DENIED", 403]);
  assertStringIncludes(error.message, `"${name}"`);
}

/** Every way to take something from under the outer index. */
const deletions = (registry: Registry) => [
  ...BLOBS.map((blob) => () => registry.deleteBlob(REPOSITORY, blob)),
  ...[IMAGE, INNER].map((bytes) => () => registry.deleteManifest(REPOSITORY, digest(bytes))),
];

/** Asserts that the tag has all that it needs. */
async function assertWhole(registry: Registry, name: string): Promise<void> {
  const { bytes } = await registry.getManifest(REPOSITORY, { tag: tag(name) });
  for (const child of [OUTER, INNER].slice(bytes.length === OUTER.length ? 0 : 1)) {
    await registry.getManifest(REPOSITORY, { digest: digest(child) });
  }
  await registry.getManifest(REPOSITORY, { digest: digest(IMAGE) });
  for (const blob of BLOBS) await readBlob(registry, blob);
}

Deno.test("deleteBlob() refuses the layers and the configuration of an immutable tag, and changes nothing", async () => {
  const { stores, registry } = await open();
  await pushManifest(registry, IMAGE, "v1");
  const before = await contents(stores);
  for (const blob of BLOBS) await assertNeeded(() => registry.deleteBlob(REPOSITORY, blob), "v1");
  assertEquals(await contents(stores), before);
});

Deno.test("deleteBlob() and deleteManifest() refuse content at any depth under an immutable tag", async () => {
  const { stores, registry } = await open();
  await pushManifest(registry, INNER);
  await pushManifest(registry, OUTER, "v1", "latest");
  const before = await contents(stores);
  for (const deletion of deletions(registry)) await assertNeeded(deletion, "v1");
  assertEquals(await contents(stores), before);
  await assertWhole(registry, "v1");
});

Deno.test("deleteBlob() and deleteManifest() delete content that no immutable tag needs", async () => {
  const { registry } = await open();
  const extra = await pushBlob(registry, content(7, 9));
  const other = imageOf(CONFIG, []);
  await pushManifest(registry, other, "v2");
  await pushManifest(registry, IMAGE, "latest");
  await registry.deleteBlob(REPOSITORY, extra);
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
  await assertNeeded(() => registry.deleteBlob(REPOSITORY, digest(CONFIG)), "v2");
  await registry.deleteManifest(REPOSITORY, digest(IMAGE));
  assertEquals((await registry.listTags(REPOSITORY, {})).items, [tag("v2")]);
});

Deno.test("an immutable tag is complete once acknowledged, if a delete below it comes at any call of its push", async () => {
  for (const method of ["getMany", "putMany", "put", "get"]) {
    for (let nth = 1;; nth++) {
      let reached = false;
      for (const [i] of deletions({} as Registry).entries()) {
        const { registry, other } = await open();
        await pushManifest(registry, INNER);
        let calls = 0;
        const pusher = other(async (called) => {
          if (called !== method || ++calls !== nth) return;
          reached = true;
          await deletions(registry)[i]!().catch(assertRefusal);
        });
        const pushed = await pushManifest(pusher, OUTER, "v1").then(() => true, assertRefusal);
        if (pushed) await assertWhole(registry, "v1");
      }
      if (!reached) break;
    }
  }
});

Deno.test("an immutable tag is complete once acknowledged, if its push comes at any call of a delete below it", async () => {
  for (const method of ["getMany", "put", "get", "query", "delete"]) {
    for (let nth = 1;; nth++) {
      let reached = false;
      for (const [i] of deletions({} as Registry).entries()) {
        const { registry, other } = await open();
        await pushManifest(registry, INNER);
        let [calls, pushed] = [0, false];
        const deleter = other(async (called) => {
          if (called !== method || ++calls !== nth) return;
          reached = true;
          pushed = await pushManifest(registry, OUTER, "v1").then(() => true, assertRefusal);
        });
        await deletions(deleter)[i]!().catch(assertRefusal);
        if (pushed) await assertWhole(registry, "v1");
      }
      if (!reached) break;
    }
  }
});

/** Lets pass what a client may be told. */
function assertRefusal(error: unknown): false {
  if (!(error instanceof RegistryError)) throw error;
  assert(["DENIED", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "TOOMANYREQUESTS"].includes(error.code));
  return false;
}

Deno.test("deleteBlob() waits for a push of an immutable tag that may be under way, and no longer than its deadline", async () => {
  const { stores, registry, other } = await open();
  const died = other((method, [item]) => {
    if (method === "put" && (item as { sk: string }).sk === "tag#v1") throw new Error("The process died");
  });
  await assertRejects(() => pushManifest(died, IMAGE, "v1"), Error, "died");
  const error = await assertRejects(() => registry.deleteBlob(REPOSITORY, digest(LAYER)), RegistryError);
  assertEquals([error.status, error.headers], [503, { "Retry-After": "1" }]);
  assertStringIncludes(error.message, '"v1"');
  stores.now += 10 * 60_000;
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
});

Deno.test("deleteBlob() looks at so many references and no more, and refuses where there are others", async () => {
  const { stores, registry } = await open();
  const manifests = Array.from({ length: 2 * MAX_ITEMS_READ }, (_, i) => digest(utf8(`${i}`)));
  const attributes = { at: stores.now };
  await stores.table.putMany(
    manifests.map((manifest) => ({ ...edgeKey(REPOSITORY, digest(LAYER), manifest), attributes })),
  );
  let read = 0;
  const table: Table = Object.create(stores.table, {
    query: {
      value: async (...args: Parameters<Table["query"]>) => {
        const items = await stores.table.query(...args);
        read += items.length;
        return items;
      },
    },
  });
  const bounded = stores.registry({
    immutable: [{ repositories: ["**"], tags: ["v*"], except: [] }],
    table,
  }).registry;
  assertEquals(await codeOf(() => bounded.deleteBlob(REPOSITORY, digest(LAYER))), "DENIED");
  assertEquals(read, MAX_ITEMS_READ + 1);
  await readBlob(registry, digest(LAYER));
});

Deno.test("putManifest() puts no immutable tag on an index that lacks something below its children", async () => {
  const { registry } = await open();
  await pushManifest(registry, INNER);
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
  assertEquals(await codeOf(() => pushManifest(registry, OUTER, "v1")), "MANIFEST_BLOB_UNKNOWN");
  await pushManifest(registry, OUTER, "latest");
});

Deno.test("deleteManifest() refuses while any tag points at the manifest where tags may not be deleted", async () => {
  const { stores, registry } = await open({ keepTags: true });
  await pushManifest(registry, IMAGE, "latest");
  const before = await contents(stores);
  await assertNeeded(() => registry.deleteManifest(REPOSITORY, digest(IMAGE)), "latest");
  assertEquals(await contents(stores), before);
  await pushManifest(registry, imageOf(CONFIG, []), "latest");
  await registry.deleteManifest(REPOSITORY, digest(IMAGE));
});

Deno.test("a tag that may not be deleted is there after a delete of its manifest at any call of its push", async () => {
  for (const method of ["getMany", "putMany", "put", "get"]) {
    for (let nth = 1; nth <= 6; nth++) {
      const { registry, other } = await open({ keepTags: true });
      let calls = 0;
      const pusher = other(async (called) => {
        if (called !== method || ++calls !== nth) return;
        await registry.deleteManifest(REPOSITORY, digest(IMAGE)).catch(assertRefusal);
      });
      await pushManifest(pusher, IMAGE, "new");
      assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("new") })).bytes, IMAGE);
    }
  }
});

Deno.test("a tag that may not be deleted, put behind a delete's look at tags, makes that look again", async () => {
  const { registry, other } = await open({ keepTags: true });
  const [looked, placed, arrived] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  // The manifest is put before the delete reads it, and the tag only after the delete has looked for tags.
  const pusher = other(async (method, [item]) => {
    if (method !== "put" || (item as { sk: string }).sk !== "tag#new") return;
    arrived!.resolve();
    await looked!.promise;
  });
  const deleter = other(async (method, [key]) => {
    if (method !== "delete" || !(key as { sk: string }).sk.startsWith("manifest#")) return;
    looked!.resolve();
    await placed!.promise;
  });
  const push = pushManifest(pusher, IMAGE, "new").finally(() => placed!.resolve());
  await arrived!.promise;
  await assertNeeded(() => deleter.deleteManifest(REPOSITORY, digest(IMAGE)), "new");
  await push;
  assertEquals(await registry.resolveTag(REPOSITORY, tag("new")), digest(IMAGE));
});
