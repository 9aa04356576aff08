import { assertEquals, assertRejects } from "@std/assert";
import {
  content,
  digest,
  hooked,
  IMAGE,
  imageOf,
  pushBlob,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import type { Key } from "../../storage/ports.ts";
import { digestTag, repositoryTag } from "../cache_tags.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { type PurgeRules, type PurgeTarget, type Registry, type StoredRegistry } from "../mod.ts";

const RULES: PurgeRules = { digests: true, tags: true, delay: 0 };
const LAYER = content(10, 1);
const [FIRST, SECOND] = [imageOf(LAYER, []), imageOf(LAYER, [LAYER])];

/** After this every process may make the purge of a request that has begun before. */
const DUE_MS = 2 * 60_000 + 5 * 60_000;

/** A shared cache that records its purges, and fails as often as it is told. */
class Cache implements PurgeTarget {
  readonly maxTags: number;
  calls: string[][] = [];
  failures = 0;

  constructor(maxTags = 100) {
    this.maxTags = maxTags;
  }

  purge(tags: string[]): Promise<void> {
    if (this.failures-- > 0) return Promise.reject(new Error("down"));
    this.calls.push(tags);
    return Promise.resolve();
  }
}

async function push(registry: Registry, bytes: Uint8Array<ArrayBuffer>, name = "latest"): Promise<void> {
  await registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, {
    bytes,
    contentType: IMAGE,
    reference: { tag: tag(name) },
    tags: [],
    condition: {},
  });
}

async function filled(options: { purges?: PurgeRules } = { purges: RULES }) {
  const stores = new TestStores();
  const process = () => stores.registry(options);
  const stored = process();
  await pushBlob(stored.registry, LAYER);
  await push(stored.registry, FIRST);
  const waiting = async () => (await stores.items()).filter(({ pk }) => pk.startsWith("purge#"));
  return { stores, stored, process, waiting };
}

async function settledTags({ outbox }: StoredRegistry): Promise<string[]> {
  const cache = new Cache();
  await (await outbox!()).drainSettled(cache);
  return cache.calls.flat();
}

Deno.test("changes leave purges of the answers that they make false, and no others", async () => {
  const { stored, waiting } = await filled();
  const { registry } = stored;
  const tags = () => settledTags(stored);
  assertEquals(await tags(), [], "a new tag");
  await push(registry, FIRST);
  assertEquals(await tags(), [], "the same again");
  await push(registry, SECOND);
  assertEquals(await tags(), [digestTag(digest(FIRST))], "a tag that moves");
  await registry.deleteTag(REPOSITORY, tag("latest"));
  assertEquals(await tags(), [digestTag(digest(SECOND))], "a delete of a tag");
  await registry.deleteManifest(REPOSITORY, digest(SECOND));
  assertEquals(await tags(), [digestTag(digest(SECOND))], "a delete of a manifest");
  await registry.deleteBlob(REPOSITORY, digest(LAYER));
  assertEquals(await tags(), [digestTag(digest(LAYER))], "a delete of a blob");
  await registry.deleteRepository(REPOSITORY);
  assertEquals(await tags(), [repositoryTag(REPOSITORY)], "a delete of a repository");
  assertEquals(await waiting(), []);
});

Deno.test("changes leave no purge of answers that no shared cache may store", async () => {
  const byDigest = await filled({ purges: { ...RULES, tags: false } });
  await push(byDigest.stored.registry, SECOND);
  await byDigest.stored.registry.deleteTag(REPOSITORY, tag("latest"));
  assertEquals(await byDigest.waiting(), []);
  for (const options of [{}, { purges: { ...RULES, digests: false, tags: false } }]) {
    const { stored, waiting } = await filled(options);
    await push(stored.registry, SECOND);
    await stored.registry.deleteManifest(REPOSITORY, digest(SECOND));
    await stored.registry.deleteBlob(REPOSITORY, digest(LAYER));
    await stored.registry.deleteRepository(REPOSITORY);
    assertEquals(await waiting(), []);
  }
});

Deno.test("Outbox.drainDue() makes the purges of a process that has died, once its changes cannot take effect any more", async () => {
  const { stores, stored, process, waiting } = await filled();
  const at = stores.now;
  await stored.registry.deleteManifest(REPOSITORY, digest(FIRST));
  const outbox = await process().outbox!();
  const cache = new Cache();
  stores.now = at + DUE_MS - 1;
  assertEquals(await outbox.drainDue(cache), { purges: 0, tags: 0, lag: 0 });
  stores.now = at + DUE_MS;
  assertEquals(await outbox.drainDue(cache), { purges: 1, tags: 1, lag: DUE_MS });
  assertEquals(cache.calls, [[digestTag(digest(FIRST))]]);
  assertEquals(await waiting(), []);
});

Deno.test("Outbox.drainDue() leaves the purges to another process that makes them at the moment", async () => {
  const { stores, stored, process } = await filled();
  await stored.registry.deleteManifest(REPOSITORY, digest(FIRST));
  stores.now += DUE_MS;
  const [one, other] = [await process().outbox!(), await process().outbox!()];
  const slow: PurgeTarget = {
    maxTags: 1,
    async purge() {
      assertEquals((await other.drainDue(new Cache())).purges, 0);
    },
  };
  assertEquals((await one.drainDue(slow)).purges, 1);
});

Deno.test("Outbox.handOver() makes the purges of a command due for other processes", async () => {
  const { stores, stored, process, waiting } = await filled();
  await stored.registry.deleteManifest(REPOSITORY, digest(FIRST));
  await (await stored.outbox!()).handOver();
  assertEquals((await waiting()).length, 1);
  stores.now += 1000;
  assertEquals(await (await process().outbox!()).drainDue(new Cache()), { purges: 1, tags: 1, lag: 1000 });
  assertEquals(await settledTags(stored), []);
  assertEquals(await waiting(), []);
});

Deno.test("a purge that fails stays, with its age, until the cache accepts it", async () => {
  const { stores, stored, waiting } = await filled();
  await stored.registry.deleteManifest(REPOSITORY, digest(FIRST));
  const outbox = await stored.outbox!();
  const cache = new Cache();
  cache.failures = 1;
  await assertRejects(() => outbox.drainSettled(cache), Error, "down");
  stores.now += 5000;
  assertEquals(outbox.oldestAge, 5000);
  assertEquals((await waiting()).length, 1);
  assertEquals(await outbox.drainSettled(cache), { purges: 1, tags: 1, lag: 5000 });
  assertEquals(outbox.oldestAge, undefined);
  assertEquals(await waiting(), []);
});

Deno.test("a purge is made again when the process dies before it is deleted", async () => {
  const { stores, stored, process, waiting } = await filled();
  await stored.registry.deleteManifest(REPOSITORY, digest(FIRST));
  const cache = new Cache();
  const dying: PurgeTarget = {
    maxTags: 1,
    async purge(tags) {
      await cache.purge(tags);
      throw new Error("killed");
    },
  };
  await assertRejects(async () => (await stored.outbox!()).drainSettled(dying), Error, "killed");
  stores.now += DUE_MS;
  await (await process().outbox!()).drainDue(cache);
  assertEquals(cache.calls.length, 2);
  assertEquals(await waiting(), []);
});

Deno.test("a step sends every cache tag once, and no more at a time than the cache accepts", async () => {
  const { stored, waiting } = await filled();
  for (const bytes of [SECOND, FIRST, SECOND, FIRST]) await push(stored.registry, bytes);
  assertEquals((await waiting()).length, 4);
  const cache = new Cache(1);
  assertEquals((await (await stored.outbox!()).drainSettled(cache)).tags, 2);
  assertEquals(cache.calls.length, 2);
  assertEquals(
    new Set(cache.calls.flat()),
    new Set([FIRST, SECOND].map((bytes) => digestTag(digest(bytes)))),
  );
});

Deno.test("Outbox.drainSettled() ends although further changes leave purges all the time", async () => {
  const { stored, waiting } = await filled();
  await push(stored.registry, SECOND);
  const outbox = await stored.outbox!();
  const target: PurgeTarget = {
    maxTags: 100,
    purge: async () => await push(stored.registry, (await waiting()).length === 1 ? FIRST : SECOND),
  };
  assertEquals((await outbox.drainSettled(target)).purges, 1);
  assertEquals((await waiting()).length, 1);
  assertEquals(await settledTags(stored), [digestTag(digest(SECOND))]);
});

Deno.test("Outbox.drainSettled() leaves purges that are younger than it is told", async () => {
  const { stores, stored } = await filled();
  const outbox = await stored.outbox!();
  await push(stored.registry, SECOND);
  stores.now += 500;
  await push(stored.registry, FIRST);
  const cache = new Cache();
  await outbox.drainSettled(cache, { age: 500 });
  assertEquals([cache.calls, outbox.hasSettled], [[[digestTag(digest(FIRST))]], true]);
  await outbox.drainSettled(cache, { age: 500 });
  assertEquals(cache.calls.length, 1);
  stores.now += 500;
  await outbox.drainSettled(cache, { age: 500 });
  assertEquals([cache.calls.length, outbox.hasSettled], [2, false]);
});

Deno.test("a change that fails leaves its purge to be made when it is due", async () => {
  const { stores, stored, waiting } = await filled();
  await assertRejects(() => stored.registry.deleteBlob(REPOSITORY, digest(SECOND)));
  assertEquals(await settledTags(stored), []);
  assertEquals((await waiting()).length, 1);
  stores.now += DUE_MS;
  assertEquals((await (await stored.outbox!()).drainDue(new Cache())).purges, 1);
});

Deno.test("a change is not settled before it has taken effect", async () => {
  const { stores } = await filled();
  const early: string[] = [];
  const table = hooked(stores.table, async (method, [key]) => {
    const isChange = method === "delete" && (key as Key).pk.startsWith("repo#");
    if (isChange) early.push(...await settledTags(process));
  });
  const process: StoredRegistry = stores.registry({ purges: RULES, table });
  await process.registry.deleteManifest(REPOSITORY, digest(FIRST));
  assertEquals(early, []);
  assertEquals(await settledTags(process), [digestTag(digest(FIRST))]);
});

Deno.test("retention purges the tags that it deletes, and the manifests", async () => {
  const { stores, stored, waiting } = await filled();
  await push(stored.registry, SECOND, "other");
  const rules = [{ repositories: ["**"], keepTags: [{ tags: ["latest"] }], untaggedFor: 1 }];
  stores.now += 2 * 24 * 60 * 60_000;
  await Array.fromAsync(stored.retain(rules, { dryRun: true }));
  assertEquals(await waiting(), []);
  await Array.fromAsync(stored.retain(rules));
  assertEquals(await settledTags(stored), [digestTag(digest(SECOND))], "by tag");
  stores.now += 2 * 24 * 60 * 60_000;
  await Array.fromAsync(stored.retain(rules));
  assertEquals(await settledTags(stored), [digestTag(digest(SECOND))], "by digest");
  assertEquals(await waiting(), []);
});
