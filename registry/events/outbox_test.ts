import { assert, assertEquals, assertRejects } from "@std/assert";
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
import { UNRESTRICTED_CALLER } from "../caller.ts";
import { changeBy, Inbox } from "./testing/inbox.ts";
import type { Registry, StoredRegistry } from "../mod.ts";

const LAYER = content(10, 1);
const [FIRST, SECOND] = [imageOf(LAYER, []), imageOf(LAYER, [LAYER])];
const [A, B] = [digest(FIRST), digest(SECOND)];
const ALL = [{ types: Inbox.ALL, repositories: ["**"] }];

/** After this no request that has begun before may write. */
const DUE_MS = 2 * 60_000 + 5 * 60_000 + 1;

async function push(registry: Registry, bytes: Uint8Array<ArrayBuffer>, ...names: string[]): Promise<void> {
  const [first, ...tags] = names.map(tag);
  await registry.putManifest(REPOSITORY, UNRESTRICTED_CALLER, {
    bytes,
    contentType: IMAGE,
    reference: first === undefined ? { digest: digest(bytes) } : { tag: first },
    tags,
    condition: {},
  });
}

async function setUp(events = ALL) {
  const stores = new TestStores();
  const process = (table = stores.table) => stores.registry({ events, table });
  const stored = process();
  await pushBlob(stored.registry, LAYER);
  const waiting = async () =>
    (await stores.items()).filter(({ pk }) => /^(event|delivery|deadletter)#/.test(pk));
  const inbox = new Inbox();
  /** Everything that this process has left, delivered. */
  const delivered = async (process: StoredRegistry = stored) => {
    const outbox = await process.events();
    const { shards } = await outbox.relay([inbox]);
    await outbox.deliver(inbox, { shards: shards.get(inbox.name) ?? [] });
    return inbox.take();
  };
  /** Everything that crashed processes have left, delivered when no request can write any more. */
  const recovered = async () => {
    stores.now += DUE_MS;
    const outbox = await process().events();
    await outbox.relayOthers([inbox]);
    await outbox.deliver(inbox);
    return inbox.take();
  };
  return { stores, stored, process, waiting, inbox, delivered, recovered };
}

Deno.test("changes become events, once each, and nothing waits after that", async () => {
  const { stored: { registry }, delivered, waiting } = await setUp();
  await push(registry, FIRST, "latest");
  assertEquals(await delivered(), [`manifest.push ${A}`, `repository.create`, `tag.create latest ${A}`]);
  await push(registry, FIRST, "latest");
  assertEquals(await delivered(), [`manifest.push ${A}`], "the same again moves no tag");
  await push(registry, SECOND, "latest", "v2");
  assertEquals(await delivered(), [
    `manifest.push ${B}`,
    `tag.create v2 ${B}`,
    `tag.move latest ${A} ${B}`,
  ]);
  await registry.deleteTag(REPOSITORY, tag("v2"));
  assertEquals(await delivered(), [`tag.delete v2 ${B}`]);
  await registry.deleteManifest(REPOSITORY, B);
  assertEquals(await delivered(), [`manifest.delete ${B}`, `tag.delete latest ${B}`]);
  await push(registry, FIRST, "v1");
  await delivered();
  await registry.deleteRepository(REPOSITORY);
  assertEquals(await delivered(), [`manifest.delete ${A}`, "repository.delete", `tag.delete v1 ${A}`]);
  assertEquals(await waiting(), []);
});

Deno.test("retention leaves events of its deletes", async () => {
  const { stored, stores, delivered } = await setUp();
  await push(stored.registry, FIRST, "old");
  await delivered();
  const rules = [{ repositories: ["**"], keepTags: [], untaggedFor: 1 }];
  for (let time = 0; time < 3; time++) {
    stores.now += 3 * 24 * 60 * 60_000;
    await Array.fromAsync(stored.retain(rules));
  }
  assertEquals(await delivered(), [`manifest.delete ${A}`, `tag.delete old ${A}`]);
});

Deno.test("the push of a vulnerability report is a scan too", async () => {
  const { stored: { registry }, delivered, inbox } = await setUp();
  await push(registry, FIRST);
  await delivered();
  const report = imageOf(LAYER, [], {
    artifactType: "application/sarif+json",
    subject: { mediaType: IMAGE, digest: A, size: FIRST.length },
  });
  await push(registry, report);
  assertEquals(await delivered(), [`manifest.push ${digest(report)}`, `scan.report ${digest(report)}`]);
  assertEquals(new Set(inbox.last.map(({ data }) => data.subject)), new Set([A]));
  assertEquals(new Set(inbox.last.map(({ id }) => id)).size, 2);
});

Deno.test("receivers get the events that they ask for, of the repositories that they name", async () => {
  const rules = [{ types: ["tag.create" as const], repositories: ["library/**"] }];
  const { stored: { registry }, delivered, inbox, waiting } = await setUp(rules);
  inbox.filter = (type, repository) => type === "tag.create" && repository === REPOSITORY;
  await push(registry, FIRST, "latest");
  assertEquals(await delivered(), [`tag.create latest ${A}`]);
  const others = await setUp([{ types: Inbox.ALL, repositories: ["else/*"] }]);
  await push(others.stored.registry, FIRST, "latest");
  assertEquals([...await waiting(), ...await others.waiting()], []);
});

Deno.test("events name the principal of the change", async () => {
  const { stored: { registry }, delivered, inbox } = await setUp();
  await push(registry, FIRST, "latest");
  await registry.deleteTag(REPOSITORY, tag("latest"), changeBy("ci"));
  await registry.deleteManifest(REPOSITORY, A, changeBy("ci"));
  await delivered();
  const by = Object.fromEntries(inbox.last.map(({ type, data }) => [type, data.by]));
  assertEquals(by, {
    "manifest.push": "anonymous",
    "repository.create": "anonymous",
    "tag.create": "anonymous",
    "tag.delete": "ci",
    "manifest.delete": "ci",
  });
});

Deno.test("a process that crashes after an acknowledged change loses no event", async () => {
  const { stored: { registry }, recovered, waiting } = await setUp();
  await push(registry, FIRST, "latest");
  await push(registry, SECOND, "latest");
  await registry.deleteManifest(REPOSITORY, B);
  assertEquals(
    await recovered(),
    [
      `manifest.delete ${B}`,
      `manifest.push ${A}`,
      `manifest.push ${B}`,
      "repository.create",
      `tag.create latest ${A}`,
      `tag.delete latest ${B}`,
      `tag.move latest ${A} ${B}`,
    ].sort(),
  );
  assertEquals(await waiting(), []);
});

Deno.test("a change that was not made is no event, after a crash at any write", async () => {
  for (let last = 0;; last++) {
    const { process, stores, recovered, waiting } = await setUp();
    let writes = 0;
    const table = hooked(stores.table, (method) => {
      if (!["put", "putMany", "delete"].includes(method)) return;
      if (writes++ >= last) throw new Error("crashed");
    });
    const { registry } = process(table);
    const failed = await push(registry, FIRST, "latest").then(() => false, () => true);
    const events = await recovered();
    const items = (await stores.items()).map(({ sk }) => sk);
    assertEquals(events.includes(`manifest.push ${A}`), items.includes(`manifest#${A}`), `${last} writes`);
    assertEquals(events.includes(`tag.create latest ${A}`), items.includes("tag#latest"), `${last} writes`);
    assertEquals(events.includes("repository.create"), items.includes(REPOSITORY), `${last} writes`);
    assertEquals(await waiting(), []);
    if (!failed) break;
  }
});

Deno.test("a refused push leaves no event, and no intent", async () => {
  const { stored: { registry }, delivered, waiting } = await setUp();
  const refused = imageOf(content(5, 7), []);
  // The first one finds out after it has left its intent; the check before that comes from then on.
  await assertRejects(() => push(registry, refused, "latest"));
  assertEquals((await waiting()).length, 1);
  assertEquals(await delivered(), []);
  assertEquals(await waiting(), []);
});

Deno.test("events of one tag are delivered in the order of its moves, and wait for one that failed", async () => {
  const { stored, stores, delivered, inbox } = await setUp();
  const { registry } = stored;
  inbox.filter = (type) => type.startsWith("tag");
  inbox.rejects = ({ data: { tag } }) => tag === "latest";
  await push(registry, FIRST, "latest");
  await push(registry, SECOND, "latest", "other");
  assertEquals(await delivered(), [`tag.create other ${B}`], "the other tag does not wait");
  inbox.rejects = () => false;
  stores.now += inbox.retries[0]! * 1.2;
  await (await stored.events()).deliver(inbox);
  inbox.take();
  assertEquals(inbox.order, ["tag.create", "tag.move"]);
});

Deno.test("the order of a tag does not depend on the clocks of the processes", async () => {
  const { stores, process, recovered, inbox } = await setUp();
  const [ahead, behind] = [process(), process()];
  stores.now += 60_000;
  await push(ahead.registry, FIRST, "latest");
  stores.now -= 60_000;
  await push(behind.registry, SECOND, "latest");
  await behind.registry.deleteTag(REPOSITORY, tag("latest"));
  inbox.filter = (type) => type.startsWith("tag");
  await recovered();
  assertEquals(inbox.order, ["tag.create", "tag.move", "tag.delete"]);
});

Deno.test("a failed delivery is repeated after longer and longer pauses, and then a dead letter", async () => {
  const { stored, stores, inbox, delivered, waiting } = await setUp();
  inbox.filter = (type) => type === "tag.create";
  inbox.failures = 1 + inbox.retries.length;
  await push(stored.registry, FIRST, "latest");
  assertEquals(await delivered(), []);
  const outbox = await stored.events();
  for (const pause of inbox.retries) {
    stores.now += pause * 0.8 - 1;
    assertEquals((await outbox.deliver(inbox)).failed, 0, "no sooner");
    const [waiting] = await outbox.pending();
    stores.now = Math.max(stores.now, waiting!.notBefore);
    assertEquals((await outbox.deliver(inbox)).failed, 1);
  }
  const { items: [letter], next } = await outbox.deadLetters();
  assertEquals(next, undefined);
  assertEquals([letter!.receiver, letter!.attempts, letter!.error], ["inbox", 3, "down"]);
  assertEquals(await outbox.pending(), []);
  assertEquals(await outbox.retry("0.ff.inbox"), undefined);
  assertEquals((await outbox.retry(letter!.id))?.id, letter!.id);
  await outbox.deliver(inbox);
  assertEquals(inbox.take(), [`tag.create latest ${A}`]);
  assertEquals(await waiting(), []);
});

Deno.test("a receiver that wants no more attempts gets none, and one that names a time is asked no sooner", async () => {
  const { stored, stores, inbox, delivered } = await setUp();
  inbox.filter = (type) => type.startsWith("tag");
  inbox.failures = 1;
  inbox.refusal = { isFinal: true };
  await push(stored.registry, FIRST, "a");
  await delivered();
  const outbox = await stored.events();
  const { items: [letter] } = await outbox.deadLetters();
  assertEquals(letter?.attempts, 1);
  assertEquals((await outbox.drop(letter!.id))?.message.type, "tag.create");
  assertEquals((await outbox.deadLetters()).items, []);
  inbox.failures = 1;
  inbox.refusal = { retryAfter: 60_000 };
  await push(stored.registry, FIRST, "b");
  await delivered();
  assertEquals((await outbox.pending())[0]?.notBefore, stores.now + 60_000);
});

Deno.test("a receiver that is down is given up for now after some failures in a row", async () => {
  const { stored, inbox } = await setUp();
  inbox.failures = Infinity;
  const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
  await push(stored.registry, FIRST, ...names);
  const outbox = await stored.events();
  const { shards } = await outbox.relay([inbox]);
  const report = await outbox.deliver(inbox, { shards: shards.get("inbox")! });
  assert(report.isDown && report.failed < 20, `${report.failed} attempts`);
  assert((await outbox.pending()).length > 40);
});

Deno.test("a slow receiver does not delay the events of another", async () => {
  const { stored, inbox } = await setUp();
  const slow = new Inbox("slow");
  const gate = Promise.withResolvers<void>();
  slow.gate = gate.promise;
  await push(stored.registry, FIRST, "latest");
  const outbox = await stored.events();
  const { shards } = await outbox.relay([slow, inbox]);
  const delivering = outbox.deliver(slow, { shards: shards.get("slow")! });
  await outbox.deliver(inbox, { shards: shards.get("inbox")! });
  assertEquals(inbox.take().length, 3);
  assertEquals(
    (await outbox.deliver(slow, { shards: shards.get("slow")! })).isTaken,
    true,
    "one process at a time",
  );
  gate.resolve();
  await delivering;
  assertEquals(slow.take().length, 3);
});

Deno.test("dead letters come in pages, and old ones go", async () => {
  const { stored, stores, inbox, delivered } = await setUp();
  inbox.failures = Infinity;
  inbox.refusal = { isFinal: true };
  await push(stored.registry, FIRST, "a", "b", "c");
  await delivered();
  const outbox = await stored.events();
  const seen: string[] = [];
  for (let after: string | undefined;;) {
    const page = await outbox.deadLetters({ limit: 2, ...(after !== undefined && { after }) });
    seen.push(...page.items.map(({ id }) => id));
    if ((after = page.next) === undefined) break;
  }
  assertEquals(seen, [...new Set(seen)]);
  assertEquals(seen.length, 5);
  assertEquals(await outbox.dropOld(1), 0);
  stores.now += 2;
  assertEquals(await outbox.dropOld(1), 5);
});

Deno.test("announce() delivers an event that no change proves to the receivers that ask for it", async () => {
  const { stored, inbox } = await setUp();
  const other = new Inbox("other");
  other.filter = () => false;
  const outbox = await stored.events();
  await outbox.announce([inbox, other], { type: "login.failed", data: { count: 3 } });
  await outbox.deliver(inbox);
  await outbox.deliver(other);
  assertEquals(inbox.take(), ["login.failed"]);
  assertEquals(inbox.last[0]!.data, { count: 3 });
  assertEquals(other.take(), []);
});
