import { assert, assertEquals, assertRejects } from "@std/assert";
import { dyingStores } from "../../tests/harness/moments.ts";
import {
  body,
  content,
  digest,
  hooked,
  PRINCIPAL,
  pushBlob,
  REPOSITORY,
  TestStores,
} from "../../tests/harness/stores.ts";
import { withoutChangeCount } from "../../tests/harness/call_counts.ts";
import type { ScanOptions } from "../../storage/mod.ts";
import { RefusedPlaceError } from "../../storage/ports.ts";
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { COLLECTION } from "../items/mod.ts";
import type { PassProgress, StoredRegistry } from "../mod.ts";
import type { Removal } from "../removal.ts";

const OPTIONS = { uploadExpiry: 10_000, grace: 2000, deadline: 500 };
const DAY = 24 * 60 * 60_000;

async function withOldBlobs(count: number): Promise<TestStores> {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  for (let seed = 0; seed < count; seed++) await pushBlob(registry, contentOf(seed));
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  return stores;
}

/** Two bytes that differ, so that no two blobs are the same. */
const contentOf = (seed: number) => new Uint8Array([...content(7), seed & 255, seed >> 8]);

const blobsOf = (removals: Removal[]) => removals.filter(({ kind }) => kind === "blob");

Deno.test("continueCollection() begins a pass once in an interval, whichever process is asked", async () => {
  const stores = await withOldBlobs(2);
  const processes = [stores.registry(OPTIONS), stores.registry(OPTIONS)] as const;
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: 1000, removed: (removal: Removal) => removals.push(removal) };
  for (const { continueCollection } of processes) assertEquals(await continueCollection(options), true);
  assertEquals(blobsOf(removals).length, 2);
  await pushBlob(processes[0].registry, contentOf(7));
  stores.now += DAY - 1;
  assertEquals(await processes[0].continueCollection(options), true);
  assertEquals(blobsOf(removals).length, 2);
  stores.now += 1;
  for (const { continueCollection } of processes) assertEquals(await continueCollection(options), true);
  assertEquals(blobsOf(removals).map(({ name }) => name).at(-1), digest(contentOf(7)));
});

Deno.test("continueCollection() over a network makes one call at a time beside requests, with a pause after each", async () => {
  const stores = await withOldBlobs(20);
  let [running, most] = [0, 0];
  const begun = () => void (most = Math.max(most, ++running));
  const table = withoutChangeCount(hooked(stores.table, begun, () => {
    running--;
    stores.now += 1;
  }));
  const pauses: number[] = [];
  const sleep = (milliseconds: number) => Promise.resolve(void pauses.push(milliseconds));
  const process = stores.registry({ ...OPTIONS, table, sleep });
  await assertRejects(() => process.registry.getManifest(REPOSITORY, { digest: digest(content(1)) }));
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: DAY, removed: (removal: Removal) => removals.push(removal) };
  await process.continueCollection(options);
  assertEquals(blobsOf(removals).length, 20);
  assertEquals([most, Math.round(Math.max(...pauses))], [1, 15]);
});

Deno.test("continueCollection() goes on where another process has run out of its budget", async () => {
  const stores = await withOldBlobs(300);
  const places: string[] = [];
  const counted = hooked(stores.table, (method, [options]) => {
    if (method === "scan") places.push(JSON.stringify(options));
    stores.now += 1;
  });
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: 1, removed: (removal: Removal) => removals.push(removal) };
  let calls = 1;
  while (!await stores.registry({ ...OPTIONS, table: counted }).continueCollection(options)) calls++;
  assert(calls > 2);
  assertEquals(new Set(places).size, places.length); // no page twice
  assertEquals(blobsOf(removals).length, 300);
  assertEquals(removals.filter(({ repository }) => repository === REPOSITORY).length, 600); // links and uploads
});

Deno.test("continueCollection() leaves a segment to the process that has it, until that must be dead", async () => {
  const stores = await withOldBlobs(40);
  const { isReached, ...mortal } = dyingStores(stores, "scan");
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: 1000, removed: (removal: Removal) => removals.push(removal) };
  await stores.registry({ ...OPTIONS, ...mortal }).continueCollection(options).catch(() => {});
  assertEquals(isReached(), true);
  const scanned = new Set<string>();
  const table = hooked(stores.table, (method, [scan]) => {
    if (method === "scan") scanned.add(JSON.stringify((scan as { segment: unknown }).segment));
  });
  const { continueCollection } = stores.registry({ ...OPTIONS, table });
  await continueCollection(options);
  assertEquals(scanned.size, 15);
  stores.now += OPTIONS.grace / 4;
  await continueCollection(options);
  assertEquals(scanned.size, 16);
  assertEquals(blobsOf(removals).length, 40);
  await continueCollection(options);
  assertEquals(scanned.size, 16);
});

Deno.test("continueCollection() believes no time that a clock far ahead has written", async () => {
  for (const isDead of [false, true]) {
    const stores = await withOldBlobs(40);
    const { objects, table } = isDead ? dyingStores(stores, "scan") : stores;
    const removals: Removal[] = [];
    const options = { interval: DAY, budget: 1000, removed: (removal: Removal) => removals.push(removal) };
    const ahead = stores.registry({ ...OPTIONS, objects, table, now: () => stores.now + 365 * DAY });
    await ahead.continueCollection(options).catch(() => {});
    await pushBlob(stores.registry(OPTIONS).registry, contentOf(99));
    stores.now += DAY + OPTIONS.grace;
    for (let call = 0; call < 3; call++) await stores.registry(OPTIONS).continueCollection(options);
    assertEquals(blobsOf(removals).length, 41);
  }
});

Deno.test("continueCollection() shares a pass between processes that work at the same time", async () => {
  const stores = await withOldBlobs(200);
  const work = [0, 0, 0];
  const removals: Removal[] = [];
  let ended = 0;
  await Promise.all(work.map((_, i) => {
    const table = hooked(stores.table, (method) => {
      if (method === "scan") work[i]!++;
    });
    const process = stores.registry({ ...OPTIONS, table, quotas: [] });
    const removed = (removal: Removal) => removals.push(removal);
    return process.continueCollection({ interval: DAY, budget: 1000, removed }).then(() => ended++);
  }));
  assertEquals(blobsOf(removals).length, 200);
  assert(work.every((scans) => scans > 0), `${work}`);
});

/** A pass over a table whose every scan takes so many milliseconds, beside requests that never end. */
async function slowPass(scanTime: number, interval: number) {
  const stores = await withOldBlobs(300);
  let paused = 0;
  const table = hooked(stores.table, async (method) => {
    if (method !== "scan") return;
    stores.now += scanTime;
    await process.registry.listRepositories({}, UNRESTRICTED_CALLER);
  });
  const process: StoredRegistry = stores.registry({
    ...OPTIONS,
    table,
    sleep: (milliseconds) => {
      paused += milliseconds;
      return Promise.resolve();
    },
  });
  const began = stores.now;
  const reports: PassProgress[] = [];
  const progressed = (progress: PassProgress) => reports.push(progress);
  await process.continueCollection({ interval, budget: Infinity, removed: () => {}, progressed });
  return { paused, took: stores.now - began, reports };
}

Deno.test("continueCollection() pauses beside requests", async () => {
  const inTime = await slowPass(100, 10 * DAY);
  assert(inTime.paused > 10 * inTime.took, JSON.stringify(inTime));
});

Deno.test("continueCollection() tells that a pass takes longer than its interval", async () => {
  const { reports, took } = await slowPass(100, 1000);
  const { estimate, done, items } = reports.at(-1)!;
  assert(done > 0 && done <= 1);
  assert(items > 0);
  assert(estimate > 1000);
  assert(estimate * done <= took + 1, `${estimate * done} of ${took}`);
});

Deno.test("continueCollection() tells no less than the part of the segments that is done", async () => {
  const stores = await withOldBlobs(1);
  const process = stores.registry(OPTIONS);
  const reports: PassProgress[] = [];
  const progressed = (progress: PassProgress) => reports.push(progress);
  const options = { interval: DAY, budget: Infinity, removed: () => {}, progressed };
  await process.continueCollection(options);
  // The pass before has seen far more items than there are now.
  const pass = { pk: COLLECTION, sk: "pass" };
  const { attributes } = (await stores.table.get(pass))!;
  await stores.table.putMany([{ ...pass, attributes: { ...attributes, expected: 1_000_000 } }]);
  stores.now += DAY;
  const table = hooked(stores.table, (method) => {
    if (method === "scan") stores.now += 60_000;
  });
  await stores.registry({ ...OPTIONS, table }).continueCollection(options);
  assert(reports.at(-1)!.done > 0.5, `${reports.at(-1)!.done}`);
});

/** The object store, which refuses to delete the objects of these keys. */
function refusingDeletes({ objects }: TestStores, refused: Set<string>) {
  return hooked(objects, (method, [keys]) => {
    if (method === "delete" && (keys as string[]).some((key) => refused.has(key))) {
      throw new Error("AccessDenied");
    }
  });
}

Deno.test("continueCollection() looks at all other items where one blob can't be removed, and fails at the end", async () => {
  const stores = await withOldBlobs(40);
  const refused = new Set((await stores.keys()).slice(0, 1));
  const { continueCollection } = stores.registry({ ...OPTIONS, objects: refusingDeletes(stores, refused) });
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: Infinity, removed: (removal: Removal) => removals.push(removal) };
  const error = await assertRejects(() => continueCollection(options), AggregateError);
  assertEquals(error.message, "Cannot remove some items in the full pass: 1 failed");
  assertEquals(blobsOf(removals).length, 39);
  assertEquals(await continueCollection(options), true); // the pass has ended
  refused.clear();
  stores.now += DAY;
  await continueCollection(options);
  assertEquals(blobsOf(removals).length, 40);
});

Deno.test("continueCollection() looks at all other items where an upload can't be removed, and fails at the end", async () => {
  const stores = new TestStores();
  const { registry } = stores.registry(OPTIONS);
  const { id } = await registry.startUpload(REPOSITORY, PRINCIPAL);
  await registry.appendUpload(REPOSITORY, PRINCIPAL, id, body(content(20)));
  const refused = hooked(stores.objects, (method) => {
    if (method === "abortParts") throw new Error("AccessDenied");
  });
  for (let seed = 0; seed < 40; seed++) await pushBlob(registry, contentOf(seed));
  stores.now += OPTIONS.uploadExpiry + OPTIONS.grace + 1;
  const { continueCollection } = stores.registry({ ...OPTIONS, objects: refused });
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: Infinity, removed: (removal: Removal) => removals.push(removal) };
  await assertRejects(() => continueCollection(options), AggregateError, "1 failed");
  assertEquals(blobsOf(removals).length, 40);
  assertEquals(await continueCollection(options), true);
});

Deno.test("continueCollection() begins a segment anew whose place the table refuses", async () => {
  const stores = await withOldBlobs(40);
  const removals: Removal[] = [];
  const options = { interval: DAY, budget: Infinity, removed: (removal: Removal) => removals.push(removal) };
  // As a copy from another kind of table has left it.
  const after = { pk: "blob#foreign", sk: "blob" };
  const segments = Array.from({ length: 16 }, (_, number) => ({
    pk: COLLECTION,
    sk: `segment#${number}`,
    attributes: { startedAt: stores.now, after, items: 20, done: false, claimedUntil: 0 },
  }));
  const pass = { pk: COLLECTION, sk: "pass", attributes: { startedAt: stores.now, done: false } };
  await stores.table.putMany([pass, ...segments]);
  const table = hooked(stores.table, (method, [scan]) => {
    if (method === "scan" && (scan as ScanOptions).after?.pk === after.pk) {
      throw new RefusedPlaceError("Not in the segment");
    }
  });
  const { continueCollection } = stores.registry({ ...OPTIONS, table });
  assertEquals(await continueCollection(options), true);
  assertEquals(blobsOf(removals).length, 40);
});
