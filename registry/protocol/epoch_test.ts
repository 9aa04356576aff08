import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { cached } from "../../cache/mod.ts";
import { withoutChangeCount } from "../../tests/harness/call_counts.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  OTHER,
  pushBlob,
  pushManifest,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { epochKey, linkKey, manifestKey } from "../items/mod.ts";
import type { Key, Table } from "../../storage/mod.ts";
import type { Registry, StoredRegistry } from "../mod.ts";

const OPTIONS = { grace: 60 * 60_000, deadline: 500 };
const CONFIG = content(9, 1);
const IMAGE = imageOf(CONFIG, []);
const MANIFEST = manifestKey(REPOSITORY, digest(IMAGE));
const LINK = linkKey(digest(CONFIG), REPOSITORY);

/** An image, and for each change of the epoch whether the item of `gone` was there when it was made. */
async function setUp(gone: Key) {
  const stores = new TestStores();
  const seen: boolean[] = [];
  const table = hooked<Table>(stores.table, async (method, [item]) => {
    if (method === "put" && (item as Key).sk === "epoch") {
      seen.push(await stores.table.get(gone) !== undefined);
    }
  });
  const process = stores.registry({ ...OPTIONS, table });
  await pushBlob(process.registry, CONFIG);
  await pushManifest(process.registry, IMAGE);
  return { stores, process, seen };
}

const DELETIONS: Record<
  string,
  { gone: Key; run: (process: StoredRegistry, stores: TestStores) => Promise<unknown> }
> = {
  "deleteManifest()": {
    gone: MANIFEST,
    run: ({ registry }) => registry.deleteManifest(REPOSITORY, digest(IMAGE)),
  },
  "deleteBlob()": { gone: LINK, run: ({ registry }) => registry.deleteBlob(REPOSITORY, digest(CONFIG)) },
  "deleteRepository()": { gone: MANIFEST, run: ({ registry }) => registry.deleteRepository(REPOSITORY) },
  "retain()": {
    gone: MANIFEST,
    async run({ retain }, stores) {
      const rules = [{ repositories: ["**"], untaggedFor: OPTIONS.grace }];
      for (let time = 0; time < 2; time++) {
        stores.now += OPTIONS.grace + 1;
        await Array.fromAsync(retain(rules));
      }
    },
  },
};

for (const [name, { gone, run }] of Object.entries(DELETIONS)) {
  Deno.test(`${name} changes the epoch once, after the deletes`, async () => {
    const { stores, process, seen } = await setUp(gone);
    const before = await process.epochs.read(REPOSITORY);
    const others = await process.epochs.read(OTHER);
    await run(process, stores);
    assertEquals(seen, [false]);
    assertNotEquals(await process.epochs.read(REPOSITORY), before);
    assertEquals(await process.epochs.read(OTHER), others);
  });
}

Deno.test("collect() changes the epoch once in a step that takes links of the repository", async () => {
  const { stores, process, seen } = await setUp(LINK);
  await pushBlob(process.registry, content(10, 2));
  await process.registry.deleteManifest(REPOSITORY, digest(IMAGE));
  seen.length = 0;
  for (let time = 0; time < 2; time++) {
    stores.now += 2 * OPTIONS.grace;
    await process.collect();
  }
  assertEquals(seen, [true, false], "the loose blob, and then what the edges had kept");
});

for (const isLast of [true, false]) {
  const repository = isLast ? "an empty repository" : "a repository with another manifest";
  Deno.test(`collectCandidates() changes the epoch of ${repository} when the first change fails`, async () => {
    const { stores, process } = await setUp(LINK);
    await pushBlob(process.registry, content(10, 2));
    if (!isLast) await pushManifest(process.registry, imageOf(content(10, 2), []));
    await process.registry.deleteManifest(REPOSITORY, digest(IMAGE));
    stores.now += 2 * OPTIONS.grace;
    const before = await process.epochs.read(REPOSITORY);
    let isDown = true;
    const table = hooked(stores.table, (method, [item]) => {
      if (!isDown || method !== "put" || (item as Key).sk !== "epoch") return;
      isDown = false;
      throw new Error("The store does not answer");
    });
    const failing = stores.registry({ ...OPTIONS, table });
    await assertRejects(() => failing.collectCandidates(), AggregateError);
    assertEquals([await stores.table.get(LINK), isDown], [undefined, false]);
    assertNotEquals(await process.epochs.read(REPOSITORY), before);
  });
}

Deno.test("a delete that finds nothing changes the epoch: the one before may have died too early to do it", async () => {
  const { process } = await setUp(MANIFEST);
  for (const name of ["deleteManifest", "deleteBlob"] as const) {
    const target = digest(name === "deleteManifest" ? IMAGE : CONFIG);
    await process.registry[name](REPOSITORY, target);
    const before = await process.epochs.read(REPOSITORY);
    await assertRejects(() => process.registry[name](REPOSITORY, target));
    assertNotEquals(await process.epochs.read(REPOSITORY), before, name);
  }
});

Deno.test("a delete fails where it can't change the epoch", async () => {
  const { stores } = await setUp(MANIFEST);
  const table = hooked<Table>(stores.table, (method, [item]) => {
    if (method === "put" && (item as Key).sk === "epoch") throw new Error("The store does not answer");
  });
  const { registry } = stores.registry({ ...OPTIONS, table });
  await assertRejects(() => registry.deleteManifest(REPOSITORY, digest(IMAGE)), Error, "does not answer");
  await assertRejects(() => registry.deleteBlob(REPOSITORY, digest(CONFIG)), Error, "does not answer");
});

for (const counts of [true, false]) {
  const kind = counts ? "a table that counts its changes" : "a table that does not count its changes";
  Deno.test(`an acknowledged delete is effective at every process with ${kind}, with any cached value`, async () => {
    const stores = new TestStores();
    const table = counts ? stores.table : withoutChangeCount(stores.table);
    const processes = Array.from({ length: 2 }, () => {
      const { registry, epochs } = stores.registry({ ...OPTIONS, table });
      return cached(registry, epochs, { now: () => stores.now });
    });
    const [one, two] = processes as [Registry, Registry];
    const readAll = (process: Registry) =>
      Promise.allSettled([
        process.getManifest(REPOSITORY, { digest: digest(IMAGE) }),
        process.statBlob(REPOSITORY, digest(CONFIG)),
        process.getBlob(REPOSITORY, digest(CONFIG)),
      ]).then((outcomes) => outcomes.map(({ status }) => status));
    for (let round = 0; round < 3; round++) {
      await pushBlob(one, CONFIG);
      await pushManifest(one, IMAGE);
      for (const process of [two, one, two]) {
        assertEquals(await readAll(process), ["fulfilled", "fulfilled", "fulfilled"]);
      }
      await one.deleteManifest(REPOSITORY, digest(IMAGE));
      assertEquals(await readAll(two), ["rejected", "fulfilled", "fulfilled"]);
      await one.deleteBlob(REPOSITORY, digest(CONFIG));
      for (const process of [two, one]) {
        assertEquals(await readAll(process), ["rejected", "rejected", "rejected"]);
      }
    }
  });
}

Deno.test("collect() keeps the epoch of a repository that is known, and one that is young", async () => {
  const { stores, process } = await setUp(LINK);
  const isThere = async () => await stores.table.get(epochKey(REPOSITORY)) !== undefined;
  await process.registry.deleteBlob(REPOSITORY, digest(content(10, 2))).catch(() => {});
  stores.now += 2 * OPTIONS.grace;
  await process.collect();
  assertEquals(await isThere(), true, "the repository is known");
  await process.registry.deleteRepository(REPOSITORY);
  stores.now += OPTIONS.grace;
  await process.collect();
  assertEquals(await isThere(), true, "it is not older than the grace period");
  stores.now += 1;
  await process.collect();
  assertEquals(await isThere(), false);
});

Deno.test("nothing is remembered for as long as an epoch is kept that does not change", () => {
  const { epochs } = new TestStores().registry(OPTIONS);
  assertEquals(epochs.mostAge, OPTIONS.grace / 8);
  assertEquals(new TestStores().registry({ grace: 24 * 60 * 60_000 }).epochs.mostAge, 60 * 60_000);
});

/** Collections that remove the link of a blob, and then fail at the blob's object. */
const HALFWAY: Record<string, (process: StoredRegistry) => Promise<unknown>> = {
  "collectCandidates()": ({ collectCandidates }) => collectCandidates(),
  "collect()": async ({ collect }) => assertEquals((await collect({ limit: 1000 })).failures.length, 1),
};

for (const [name, run] of Object.entries(HALFWAY)) {
  Deno.test(`${name} changes the epoch of a repository that lost a link, although the blob can't be deleted`, async () => {
    const { stores, process } = await setUp(LINK);
    await process.registry.deleteManifest(REPOSITORY, digest(IMAGE));
    stores.now += 2 * OPTIONS.grace;
    // The edges go first, so that the link is garbage for both.
    if (name === "collect()") await process.collect({ limit: 1000 });
    const before = await process.epochs.read(REPOSITORY);
    assertNotEquals(await stores.table.get(LINK), undefined);
    const objects = hooked(stores.objects, (method) => {
      if (method === "delete") throw new Error("AccessDenied");
    });
    const failing = stores.registry({ ...OPTIONS, objects });
    await run(failing).catch(() => {});
    assertEquals(await stores.table.get(LINK), undefined);
    assertNotEquals(await process.epochs.read(REPOSITORY), before);
  });
}

for (const failing of ["manifest#", "tagged#"]) {
  Deno.test(`retain() changes the epoch where a call of ${failing} fails after a manifest is gone`, async () => {
    const { stores, process } = await setUp(MANIFEST);
    const other = imageOf(CONFIG, [], { annotations: { name: "other" } });
    await pushManifest(process.registry, other);
    const rules = [{ repositories: ["**"], untaggedFor: OPTIONS.grace }];
    stores.now += OPTIONS.grace + 1;
    await Array.fromAsync(process.retain(rules));
    stores.now += OPTIONS.grace + 1;
    const before = await process.epochs.read(REPOSITORY);
    let deletes = 0;
    const table = hooked<Table>(stores.table, (method, [key, options]) => {
      if (method === "delete" && (key as Key).sk.startsWith("manifest#") && ++deletes === 1) return;
      const { prefix = "" } = Object(options) as { prefix?: string };
      const isNext = method === "delete" ? failing === "manifest#" : prefix.startsWith(failing);
      if (deletes > 0 && isNext) throw new Error("Throttled");
    });
    await assertRejects(
      () => Array.fromAsync(stores.registry({ ...OPTIONS, table }).retain(rules)),
      Error,
      "Throttled",
    );
    const left = (await stores.items()).filter(({ sk }) => sk.startsWith("manifest#"));
    assertEquals(left.length, 1);
    assertNotEquals(await process.epochs.read(REPOSITORY), before);
  });
}
