import { assertEquals } from "@std/assert";
import { type Calls, counted } from "../../tests/harness/call_counts.ts";
import { inRounds } from "../../tests/harness/rounds.ts";
import {
  content,
  digest,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { createRegistry, type StoredRegistry } from "../mod.ts";
import { Inbox } from "./testing/inbox.ts";

const LAYER = content(10, 1);
const [FIRST, SECOND] = [imageOf(LAYER, []), imageOf(LAYER, [LAYER])];
const EVENTS = [{ types: Inbox.ALL, repositories: ["**"] }];

/** Changes, each after those before it. */
const CHANGES: Record<string, (stored: StoredRegistry) => Promise<unknown>> = {
  "a push to a new repository": ({ registry }) => pushManifest(registry, FIRST, "latest"),
  "the same push again": ({ registry }) => pushManifest(registry, FIRST, "latest"),
  "a push that moves a tag": ({ registry }) => pushManifest(registry, SECOND, "latest"),
  "a push that creates a tag": ({ registry }) => pushManifest(registry, SECOND, "v2"),
  "a delete of a tag": ({ registry }) => registry.deleteTag(REPOSITORY, tag("v2")),
  "a delete of a manifest with a tag": ({ registry }) => registry.deleteManifest(REPOSITORY, digest(SECOND)),
};

/** Storage calls of each change, and of the delivery of its events, by a process with these rules. */
async function callsOf(
  events: typeof EVENTS | [],
): Promise<Record<string, { change: Calls; events: Calls }>> {
  const stores = new TestStores();
  await pushBlob(stores.registry().registry, LAYER);
  const { objects, table, take } = counted(stores.objects, stores.table);
  const clocks = { now: () => stores.now, steady: () => stores.now, sleep: () => Promise.resolve() };
  const stored = createRegistry({ objects, table, events, ...clocks });
  const outbox = await stored.events();
  const inbox = new Inbox();
  const calls: Record<string, { change: Calls; events: Calls }> = {};
  for (const [name, change] of Object.entries(CHANGES)) {
    take();
    await change(stored);
    const changed = take();
    if (outbox.hasSettled) {
      const { shards } = await outbox.relay([inbox]);
      await outbox.deliver(inbox, { shards: shards.get(inbox.name)! });
    }
    calls[name] = { change: changed, events: take() };
  }
  return calls;
}

/** Sum of the calls. */
function sumOf(calls: Calls): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

Deno.test("events cost the change no request, unless a tag is created or goes with its manifest", async () => {
  const [without, with_] = [await callsOf([]), await callsOf(EVENTS)];
  const more = Object.keys(CHANGES).map((name) => [
    name,
    sumOf(with_[name]!.change) - sumOf(without[name]!.change),
  ]);
  assertEquals(Object.fromEntries(more), {
    "a push to a new repository": 1,
    "the same push again": 0,
    "a push that moves a tag": 0,
    "a push that creates a tag": 1,
    "a delete of a tag": 0,
    "a delete of a manifest with a tag": 1,
  });
  for (const { events } of Object.values(without)) assertEquals(sumOf(events), 0);
});

Deno.test("a push takes as many rounds with events as without", async () => {
  const rounds = async (events: typeof EVENTS | []) => {
    const stores = new TestStores();
    await pushBlob(stores.registry().registry, LAYER);
    const { take, ...slow } = inRounds(stores.objects, stores.table);
    const { registry } = createRegistry({ ...slow, events, now: () => stores.now, steady: () => stores.now });
    await pushManifest(registry, FIRST, "latest", "v1");
    return take().length;
  };
  assertEquals(await rounds(EVENTS), await rounds([]));
});

Deno.test("the delivery costs seven table requests, and two for each event", async () => {
  const calls = await callsOf(EVENTS);
  const counts = Object.entries(calls).map(([name, { events }]) => [name, sumOf(events)]);
  assertEquals(Object.fromEntries(counts), {
    "a push to a new repository": 7 + 2 * 3,
    "the same push again": 7 + 2,
    "a push that moves a tag": 7 + 2 * 2,
    "a push that creates a tag": 7 + 2 * 2,
    "a delete of a tag": 7 + 2,
    "a delete of a manifest with a tag": 7 + 2 * 2,
  });
});
