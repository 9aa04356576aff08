import { assertEquals } from "@std/assert";
import { parseRepositoryName, type RepositoryName } from "../../oci/mod.ts";
import { counted } from "../../tests/harness/call_counts.ts";
import {
  content,
  digest,
  hooked,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { cached } from "../../cache/mod.ts";
import { codeOf } from "../../tests/harness/images.ts";
import { pulledKey } from "../items/mod.ts";
import type { RetentionRule } from "./retention_rules.ts";
import { openPullTimes, PullTimes, type PullTimesOptions } from "./pull_times.ts";

const CONFIG = content(9, 1);
const IMAGE = imageOf(CONFIG, []);
const HOUR = 60 * 60_000;
const TAGS = Array.from({ length: 10 }, (_, i) => `t${i}`);

async function open(options: Partial<PullTimesOptions> = {}) {
  const stores = new TestStores();
  const { registry, epochs } = stores.registry();
  await pushBlob(registry, CONFIG);
  await pushManifest(registry, IMAGE, ...TAGS);
  const { table, take } = counted(stores.objects, stores.table);
  const failures: unknown[] = [];
  const pulls = new PullTimes({
    table,
    wanted: () => true,
    failed: (error) => failures.push(error),
    now: () => stores.now,
    ...options,
  });
  const pulledAt = async (name: string) =>
    (await stores.table.get(pulledKey(REPOSITORY, tag(name))))?.attributes.at;
  return {
    stores,
    pulls,
    take,
    failures,
    pulledAt,
    observed: pulls.observe(cached(registry, epochs)),
  };
}

Deno.test("PullTimes writes nothing for 1,000 pulls, and one batch when it is flushed", async () => {
  const { stores, pulls, take, observed, pulledAt } = await open();
  for (let i = 0; i < 1000; i++) await observed.getManifest(REPOSITORY, { tag: tag(TAGS[i % TAGS.length]!) });
  assertEquals(take().table, 0);
  await pulls.flush();
  assertEquals(take().table, 1);
  for (const name of TAGS) assertEquals(await pulledAt(name), stores.now);
  await pulls.stop();
  assertEquals(take().table, 0);
});

Deno.test("PullTimes writes a tag anew once an hour at most", async () => {
  const { stores, pulls, take, observed, pulledAt } = await open();
  const pull = async () => {
    await observed.getManifest(REPOSITORY, { tag: tag("t1") });
    await pulls.flush();
  };
  const first = stores.now;
  await pull();
  stores.now += HOUR - 1;
  await pull();
  assertEquals([await pulledAt("t1"), take().table], [first, 1]);
  stores.now += 1;
  await pull();
  assertEquals([await pulledAt("t1"), take().table], [first + HOUR, 1]);
});

Deno.test("PullTimes ignores pulls by digest, failed pulls, and pulls that no rule needs", async () => {
  const { pulls, take, observed } = await open({ wanted: (repository) => repository !== REPOSITORY });
  await observed.getManifest(REPOSITORY, { digest: digest(IMAGE) });
  await observed.getManifest(REPOSITORY, { tag: tag("t1") });
  const other = parseRepositoryName("other");
  assertEquals(await codeOf(() => observed.getManifest(other, { tag: tag("t1") })), "MANIFEST_UNKNOWN");
  await pulls.flush();
  assertEquals(take().table, 0);
});

Deno.test("PullTimes retries a failed write as soon as possible", async () => {
  const stores = new TestStores();
  let broken = true;
  const table = hooked(stores.table, () => {
    if (broken) throw new Error("broken");
  });
  const { pulls, observed, failures } = await open({ table });
  await observed.getManifest(REPOSITORY, { tag: tag("t1") });
  await pulls.flush();
  assertEquals(failures.length, 1);
  broken = false;
  await pulls.stop();
  assertEquals((await stores.table.get(pulledKey(REPOSITORY, tag("t1")))) !== undefined, true);
});

Deno.test("PullTimes writes pending pulls after a minute", async () => {
  const { stores, pulls, observed, pulledAt } = await open();
  const planned: [() => Promise<void>, number][] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((...plan: [() => Promise<void>, number]) => planned.push(plan)) as never;
  try {
    for (const name of ["t1", "t2"]) await observed.getManifest(REPOSITORY, { tag: tag(name) });
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(planned.map(([, milliseconds]) => milliseconds), [60_000]);
  await planned[0]![0]();
  assertEquals(await pulledAt("t1"), stores.now);
  await pulls.stop();
});

Deno.test("stop() writes pending pulls, and leaves no timer", async () => {
  const { pulls, take, observed } = await open();
  await observed.getManifest(REPOSITORY, { tag: tag("t1") });
  // The sanitizer would find its timer.
  await pulls.stop();
  assertEquals(take().table, 1);
});

Deno.test("openPullTimes() observes only repositories whose rule keeps pulled tags", async () => {
  const rules = [
    { repositories: ["a"], keepTags: [{ tags: ["*"], newest: 1 }] },
    { repositories: ["*"], keepTags: [{ tags: ["*"], pulledWithin: HOUR }] },
  ];
  const stores = new TestStores();
  const pulls = await openPullTimes(rules, { table: stores.table, now: () => 1, failed: () => {} });
  const manifest = { digest: digest(IMAGE), mediaType: "", bytes: IMAGE };
  const observed = pulls.observe({
    ...stores.registry().registry,
    getManifest: () => Promise.resolve(manifest),
  });
  for (const name of ["a", "b", "c/d"]) await observed.getManifest(name as RepositoryName, { tag: tag("x") });
  await pulls.stop();
  assertEquals((await stores.items()).map(({ pk }) => pk), ["repo#b"]);
});

Deno.test("pullTimes() exists only if a rule keeps pulled tags", async () => {
  const { pullTimes } = new TestStores().registry();
  const rule = (keep: { pulledWithin?: number; newest?: number }) => ({
    repositories: ["*"],
    keepTags: [{ tags: ["*"], newest: 1 }, { tags: ["*"], ...keep }],
  });
  const isThere = async (...rules: RetentionRule[]) => await pullTimes(rules, () => {}) !== undefined;
  assertEquals(await isThere({ repositories: ["a"], untaggedFor: 1 }, rule({ pulledWithin: HOUR })), true);
  assertEquals(await isThere({ repositories: ["a"], untaggedFor: 1 }, rule({ newest: 2 })), false);
  assertEquals(await isThere(), false);
});
