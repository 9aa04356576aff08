// Retention by last pulls behind a shared cache, which answers most of the pulls.
import { assert, assertEquals } from "@std/assert";
import type { RetentionRule } from "../../registry/mod.ts";
import { fakeApp } from "../harness/app.ts";
import { SharedCache } from "../harness/shared_cache.ts";
import { CONFIG } from "../harness/images.ts";
import { imageOf, pushBlob, pushManifest, REPOSITORY, TestStores } from "../harness/stores.ts";

const MINUTE = 60_000;
const STEP_SECONDS = 30;

/** The longest time that the configuration allows. */
const TAG_TTL_MS = MINUTE;

/** The shortest time that the configuration allows. */
const RULES: RetentionRule[] = [
  { repositories: ["**"], keepTags: [{ tags: ["other"] }, { tags: ["*"], pulledWithin: 1000 }] },
];

Deno.test("retention keeps a tag whose pulls a shared cache answers, as long as it is pulled", async () => {
  const stores = new TestStores();
  const process = stores.registry();
  const pulls = await process.pullTimes(RULES, (error) => {
    throw error;
  });
  assert(pulls !== undefined);
  const { request } = fakeApp(pulls.observe(process.registry), {
    publicFace: {
      hosts: ["pull.test"],
      caching: { cdn: "standard", digestTtl: 86_400_000, tagTtl: TAG_TTL_MS },
    },
  });
  const cache = new SharedCache(({ url }) => request(url), "standard");
  const image = (name: string) => imageOf(CONFIG, [], { annotations: { name } });
  await pushBlob(process.registry, CONFIG);
  await pushManifest(process.registry, image("first"), "hot");

  /** Lets time pass, with a pull and a run of retention in each step, and the writes that a process makes. */
  async function pass(minutes: number, { isPulled }: { isPulled: boolean }) {
    const seen = { hits: 0, removed: [] as string[] };
    for (let second = 0; second < minutes * 60; second += STEP_SECONDS) {
      if (isPulled) {
        const { status, isHit } = await cache.ask(`http://pull.test/v2/${REPOSITORY}/manifests/hot`);
        assertEquals(status, 200);
        if (isHit) seen.hits++;
      }
      if (second % 60 === 0) await pulls!.flush();
      for await (const { name } of process.retain(RULES)) seen.removed.push(name);
      stores.now += STEP_SECONDS * 1000;
      cache.wait(STEP_SECONDS);
    }
    return seen;
  }

  for (const name of ["second", "third", "fourth"]) {
    const { hits, removed } = await pass(100, { isPulled: true });
    assertEquals(removed, []);
    assert(hits >= 100 * 60 / STEP_SECONDS / 2, "the shared cache answers at least half of the pulls");
    // A push moves the tag: the recorded pull is older than it.
    await pushManifest(process.registry, image(name), "hot");
  }
  assertEquals((await pass(100, { isPulled: true })).removed, []);
  await pulls.stop();
  assertEquals((await pass(70, { isPulled: false })).removed, ["hot"]);
});
