/** Events between the two reads of a scrub, or between its last read and its write. */
import { assertEquals } from "@std/assert";
import type { Item, Key, NewItem, Table } from "../../storage/mod.ts";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  pushBlob,
  pushManifest,
  readBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { type BlobAttributes, blobKey, manifestKey, stored, tagKey } from "../items/mod.ts";
import type { Finding, RegistryOptions } from "../mod.ts";

const OPTIONS = { uploadExpiry: 1000, grace: 1000, deadline: 100 };
const CONFIG = content(9, 1);
const LAYER = content(30, 2);
const IMAGE_BYTES = imageOf(CONFIG, [LAYER]);
const LARGE = imageOf(CONFIG, [], { annotations: { filler: "x".repeat(300_000) } });
const ORPHAN = `blobs/0af/0af${"7".repeat(29)}-abc-b-${"3".repeat(16)}-${"c".repeat(32)}`;

async function setUp() {
  const stores = new TestStores();
  const { registry, sweep } = stores.registry(OPTIONS);
  for (const blob of [CONFIG, LAYER]) await pushBlob(registry, blob);
  await pushManifest(registry, LARGE);
  stores.now += 10 * 60 * 60_000;
  await sweep();
  const blob = stored<BlobAttributes>(await stores.table.get(blobKey(digest(LAYER))))!;
  return { stores, registry, blob, object: blob.attributes.object };
}

async function repair(stores: TestStores, between: Partial<RegistryOptions>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const process = stores.registry({ ...OPTIONS, ...between });
  await process.scrub({ repair: true, found: (finding) => findings.push(finding) });
  return findings;
}

Deno.test("scrub() leaves a tag whose manifest comes while it waits", async () => {
  const { stores, registry } = await setUp();
  const attributes = { digest: digest(IMAGE_BYTES), mediaType: IMAGE, size: 3, moves: [] };
  await stores.table.putMany([{ ...tagKey(REPOSITORY, tag("early")), attributes }]);
  const waits: number[] = [];
  const sleep = async (wait: number) => {
    waits.push(wait);
    await pushManifest(registry, IMAGE_BYTES);
  };
  assertEquals(await repair(stores, { sleep }), []);
  assertEquals(waits, [OPTIONS.deadline]);
  assertEquals((await registry.getManifest(REPOSITORY, { tag: tag("early") })).bytes, IMAGE_BYTES);
});

/** The table whose first scan, and every read that need not be consistent, answers these items as they were. */
function lagging(table: Table, old: Item[]): Table {
  const before = <T extends Key>(key: T) => old.find(({ pk, sk }) => pk === key.pk && sk === key.sk);
  let scans = 0;
  const late: Pick<Table, "scan" | "get"> = {
    async scan(options) {
      if (options.after === undefined) scans++;
      const page = await table.scan(options);
      return scans > 1 ? page : { ...page, items: page.items.map((item) => before(item) ?? item) };
    },
    async get(key, options) {
      return (options?.consistent ? undefined : before(key)) ?? await table.get(key, options);
    },
  };
  return new Proxy(table, {
    get(target, name) {
      if (name === "scan" || name === "get") return late[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("scrub() finds nothing wrong with content that was moved behind its scan", async () => {
  const { stores, registry } = await setUp();
  const keys = [blobKey(digest(LAYER)), manifestKey(REPOSITORY, digest(LARGE))];
  const old = (await stores.table.getMany(keys)).map((item) => item!);
  // As where a commit replaces a blob that was being deleted, and a large manifest is deleted and pushed again.
  for (const [index, item] of old.entries()) {
    const object = `${ORPHAN.slice(0, -1)}${index}`;
    const before = String(item.attributes.object);
    await stores.objects.put(object, (await readAll(stores, before))!);
    await stores.table.putMany([{ ...item, attributes: { ...item.attributes, object } }]);
    await stores.objects.delete([before]);
  }
  const items = await stores.items();
  assertEquals(await repair(stores, { table: lagging(stores.table, old) }), []);
  assertEquals(await stores.items(), items);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
  assertEquals((await registry.getManifest(REPOSITORY, { digest: digest(LARGE) })).bytes, LARGE);
});

/** All bytes of an object. */
async function readAll(stores: TestStores, key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const found = await stores.objects.get(key);
  return found && new Uint8Array(await new Response(found.body).arrayBuffer());
}

Deno.test("scrub() calls no object an orphan that one scan alone has missed", async () => {
  const { stores } = await setUp();
  const scans: number[] = [];
  const table: Table = new Proxy(hooked(stores.table, () => {}), {
    get(target, name) {
      if (name !== "scan") return Reflect.get(target, name);
      return async (options: Parameters<Table["scan"]>[0]) => {
        if (options.after === undefined) scans.push(1);
        const page = await stores.table.scan(options);
        // As where its manifest is deleted in the middle of the scan, and the upload announced behind it.
        const items = page.items.filter(({ sk }) => scans.length > 1 || !sk.startsWith("manifest#"));
        return { ...page, items };
      };
    },
  });
  const before = await stores.keys();
  assertEquals(await repair(stores, { table }), []);
  assertEquals([scans.length, await stores.keys()], [2, before]);
});

Deno.test("scrub() says nothing of an orphan that is deleted before it is read", async () => {
  const { stores } = await setUp();
  await stores.objects.put(ORPHAN, LAYER);
  let reached = false;
  const objects = hooked(stores.objects, async (method, [key]) => {
    if (method !== "get" || key !== ORPHAN) return;
    reached = true;
    await stores.objects.delete([ORPHAN]);
  });
  assertEquals(await repair(stores, { objects }), []);
  assertEquals(reached, true);
});

Deno.test("scrub() deletes no orphan that another scrub gives to its blob while it is read", async () => {
  const { stores, registry, blob } = await setUp();
  await stores.objects.put(ORPHAN, LAYER);
  let reached = false;
  const objects = hooked(stores.objects, () => {}, async (method, [key]) => {
    if (method !== "get" || key !== ORPHAN || reached) return;
    reached = true;
    await stores.table.putMany([{
      ...blobKey(digest(LAYER)),
      attributes: { ...blob.attributes, object: ORPHAN },
    }]);
  });
  assertEquals(await repair(stores, { objects }), []);
  assertEquals(reached, true);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});

Deno.test("scrub() deletes no orphan whose twin is taken away while it is read", async () => {
  const { stores, blob, object } = await setUp();
  await stores.objects.put(ORPHAN, LAYER);
  let seen = false;
  const objects = hooked(stores.objects, () => {}, async (method, [key]) => {
    if (method !== "get") return;
    if (key === ORPHAN) seen = true;
    if (key !== object || !seen) return;
    const attributes = { ...blob.attributes, state: "deleting" as const };
    await stores.table.putMany([{ ...blobKey(digest(LAYER)), attributes }]);
  });
  const findings = await repair(stores, { objects });
  assertEquals(findings.map(({ object, repaired }) => [object, repaired]), [[ORPHAN, undefined]]);
  assertEquals(await stores.objects.size(ORPHAN), LAYER.length);
});

Deno.test("scrub() gives nothing to a blob that a collector has begun to delete", async () => {
  const { stores, blob, object } = await setUp();
  await stores.objects.put(ORPHAN, LAYER);
  await stores.objects.delete([object]);
  const attributes = { ...blob.attributes, state: "deleting" as const };
  await stores.table.putMany([{ ...blobKey(digest(LAYER)), attributes }]);
  const findings = await repair(stores, {});
  assertEquals(findings.map(({ object, repaired }) => [object, repaired]), [[ORPHAN, undefined]]);
  assertEquals((await stores.table.get(blobKey(digest(LAYER))))!.attributes, attributes);
});

Deno.test("scrub() marks no blob as damaged that a push has replaced since it was read", async () => {
  const { stores, registry, blob, object } = await setUp();
  await stores.objects.put(object, content(30, 3));
  await stores.objects.put(ORPHAN, LAYER);
  let reached = false;
  const table = hooked(stores.table, async (method, [item]) => {
    if (method !== "put" || (item as NewItem).attributes.state !== "damaged") return;
    reached = true;
    const attributes = { ...blob.attributes, object: ORPHAN };
    await stores.table.putMany([{ ...blobKey(digest(LAYER)), attributes }]);
  });
  const [finding] = await repair(stores, { table });
  assertEquals([reached, finding?.kind, finding?.repaired], [true, "corrupt-object", undefined]);
  assertEquals(await readBlob(registry, digest(LAYER)), LAYER);
});

Deno.test("scrub() takes two looks before it calls content damaged", async () => {
  const { stores, object } = await setUp();
  let reads = 0;
  const objects = hooked(stores.objects, async (method, [key]) => {
    if (method === "get" && key === object) {
      await stores.objects.put(object, ++reads === 1 ? content(30, 3) : LAYER);
    }
  });
  assertEquals(await repair(stores, { objects }), []);
  assertEquals(reads, 2);
});
