import { assertEquals } from "@std/assert";
import { dyingStores } from "../tests/harness/moments.ts";
import { content, digest, hooked, pushBlob, REPOSITORY, TestStores } from "../tests/harness/stores.ts";
import type { Removal } from "./removal.ts";

const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
const DAY = 24 * 60 * 60_000;

async function withOldBlobs(count: number): Promise<TestStores> {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  for (let seed = 0; seed < count; seed++) await pushBlob(registry, content(9, seed));
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  return stores;
}

Deno.test("continueCollection() begins a collection once in an interval, whichever process is asked", async () => {
  const stores = await withOldBlobs(2);
  const processes = [stores.registry(OPTIONS), stores.registry(OPTIONS)] as const;
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: 1000, removed: (removal: Removal) => removals.push(removal) };
  for (const { continueCollection } of processes) assertEquals(await continueCollection(options), true);
  assertEquals(removals.filter(({ kind }) => kind === "blob").length, 2);
  await pushBlob(processes[0].registry, content(9, 7));
  stores.now += DAY;
  for (const { continueCollection } of processes) assertEquals(await continueCollection(options), true);
  assertEquals(
    removals.filter(({ kind }) => kind === "blob").map(({ name }) => name).at(-1),
    digest(content(9, 7)),
  );
});

Deno.test("continueCollection() goes on where another process has run out of its budget", async () => {
  const stores = await withOldBlobs(150);
  let seen = 0;
  const counted = hooked(stores.table, (method) => {
    if (method === "scan") seen++;
    stores.now += 1;
  });
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: 1, removed: (removal: Removal) => removals.push(removal) };
  let calls = 1;
  while (!await stores.registry({ ...OPTIONS, table: counted }).continueCollection(options)) calls++;
  assertEquals(calls > 2, true);
  assertEquals(seen, calls); // no page twice
  assertEquals(removals.filter(({ kind }) => kind === "blob").length, 150);
  assertEquals(removals.filter(({ repository }) => repository === REPOSITORY).length, 300); // links and uploads
});

Deno.test("continueCollection() leaves a collection to the process that claims it, until that must be dead", async () => {
  const stores = await withOldBlobs(3);
  const { isReached, ...mortal } = dyingStores(stores, "scan");
  const dying = stores.registry({ ...OPTIONS, ...mortal });
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: 1000, removed: (removal: Removal) => removals.push(removal) };
  await dying.continueCollection(options).catch(() => {});
  assertEquals(isReached(), true);
  const { continueCollection } = stores.registry(OPTIONS);
  assertEquals([await continueCollection(options), removals.length], [true, 0]);
  stores.now += 60_000;
  assertEquals(await continueCollection(options), true);
  assertEquals(removals.filter(({ kind }) => kind === "blob").length, 3);
});
