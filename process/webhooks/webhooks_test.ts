import { assert, assertEquals, assertMatch } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import { Inbox } from "../../registry/events/testing/inbox.ts";
import type { EventReceiver } from "../../registry/mod.ts";
import {
  content,
  imageOf,
  pushBlob,
  pushManifest,
  REPOSITORY,
  tag,
  TestStores,
} from "../../tests/harness/stores.ts";
import { createLog } from "../log/mod.ts";
import { openRegistry } from "../open/open_registry.ts";
import { Notices } from "./notices.ts";
import { Webhooks } from "./webhooks.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const BLOB = content(9);
const IMAGE = imageOf(BLOB, []);
const SECRET = `whsec_${btoa("0123456789abcdefghijklmn")}`;
const ALL = [{ types: Inbox.ALL, repositories: ["**"] }];

/** Waits until a condition holds, at most a minute. */
async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("Timed out");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Webhooks of a process over memory, whose clock is the real one, and the lines of its log. */
async function setUp(receivers: EventReceiver[], { takesOthers = false } = {}) {
  const stores = new TestStores();
  const stored = stores.registry({ events: ALL, now: Date.now, steady: () => performance.now() });
  await pushBlob(stored.registry, BLOB);
  const lines: string[] = [];
  const note = (text: string) => void lines.push(text);
  const log = { info: note, warn: note, error: note };
  const webhooks = new Webhooks({ outbox: await stored.events(), takesOthers, log });
  webhooks.use(receivers);
  return { stores, stored, lines, webhooks };
}

Deno.test("Webhooks deliver the events of changes of the process soon after them", async () => {
  const inbox = new Inbox();
  const { stored, webhooks } = await setUp([inbox]);
  await pushManifest(stored.registry, IMAGE, "a");
  await until(() => inbox.count === 3);
  await pushManifest(stored.registry, IMAGE, "b");
  await until(() => inbox.count === 5);
  await webhooks.stop();
});

Deno.test("Webhooks deliver to one receiver while another does not answer, and go on when it does", async () => {
  const [inbox, slow] = [new Inbox(), new Inbox("slow")];
  const gate = Promise.withResolvers<void>();
  slow.gate = gate.promise;
  const { stored, webhooks } = await setUp([slow, inbox]);
  await pushManifest(stored.registry, IMAGE, "a");
  await until(() => inbox.count === 3);
  await pushManifest(stored.registry, IMAGE, "b");
  await until(() => inbox.count === 5);
  assertEquals(slow.count, 0);
  gate.resolve();
  await until(() => slow.count === 5);
  await webhooks.stop();
});

Deno.test("Webhooks repeat a failed delivery by themselves, log the failure once, and count", async () => {
  const inbox = new Inbox();
  inbox.retries = [10, 10, 10];
  inbox.filter = (type) => type === "tag.create";
  inbox.failures = 2;
  const { stored, webhooks, lines } = await setUp([inbox]);
  await pushManifest(stored.registry, IMAGE, "a");
  await until(() => inbox.count === 1);
  assertEquals(lines.filter((line) => line.includes("does not accept")).length, 1);
  await until(() => webhooks.stats()[0]!.delivered === 1);
  assertEquals(webhooks.stats(), [{ name: "inbox", delivered: 1, failed: 2, dead: 0, age: 0 }]);
  assertEquals(webhooks.warnings(), []);
  await webhooks.stop();
});

Deno.test("Webhooks warn of a receiver that has accepted no event for a minute, and log its dead letters", async () => {
  const inbox = new Inbox();
  inbox.retries = [60_000];
  inbox.failures = Infinity;
  const { stores, stored, webhooks } = await setUp([inbox]);
  const past = stores.registry({ events: ALL, now: () => Date.now() - 61_000 });
  await pushManifest(past.registry, IMAGE, "a");
  await webhooks.announce({ type: "login.failed", data: {} });
  await (await past.events()).relay([inbox]);
  await webhooks.run(1000);
  assertMatch(webhooks.warnings()[0] ?? "", /^Webhook "inbox" has accepted no event for /);
  inbox.refusal = { isFinal: true };
  const final = await setUp([inbox]);
  await pushManifest(final.stored.registry, IMAGE, "a");
  await until(() => final.webhooks.stats()[0]!.dead > 0);
  assertEquals(final.lines.some((line) => line.includes("gave up events")), true);
  await stored.events();
  await Promise.all([webhooks.stop(), final.webhooks.stop()]);
});

Deno.test("run() takes up the events of a command, and of a process that has crashed", async () => {
  const inbox = new Inbox();
  const { stores, webhooks } = await setUp([inbox], { takesOthers: true });
  const past = stores.registry({ events: ALL, now: () => Date.now() - 11_000 });
  await pushManifest(past.registry, IMAGE, "a");
  await webhooks.run(60_000);
  assertEquals(inbox.count, 3);
  await webhooks.stop();
});

Deno.test("stop() delivers the last events", async () => {
  const inbox = new Inbox();
  const { stored, webhooks } = await setUp([inbox]);
  await pushManifest(stored.registry, IMAGE, "a");
  await webhooks.stop();
  assertEquals(inbox.count, 3);
});

Deno.test("Notices announce pulls, refusals by a quota and failed logins, if a receiver asks for them", async () => {
  const inbox = new Inbox();
  inbox.filter = (type) => ["manifest.pull", "quota.refused", "login.failed"].includes(type);
  const { stores, webhooks } = await setUp([inbox]);
  const quotas = [{ repositories: "**", bytes: 1 + BLOB.length + IMAGE.length }];
  const { registry } = stores.registry({ quotas });
  const notices = new Notices(webhooks);
  assertEquals(notices.watch(registry, [{ name: "inbox", events: ["tag.move"], pullSample: 1 }]), registry);
  const watching = [{ name: "inbox", events: [...Inbox.ALL], pullSample: 1 }];
  notices.loginFailed("192.0.2.1");
  notices.use(watching);
  const watched = notices.watch(registry, watching);
  await pushManifest(watched, IMAGE, "a");
  await watched.getManifest(REPOSITORY, { tag: tag("a") });
  await watched.getManifest(REPOSITORY, { tag: tag("a") }, { exact: true });
  let refusals = 0;
  for (let i = 0; i < 2; i++) await pushBlob(watched, content(100)).catch(() => refusals++);
  assertEquals(refusals, 2);
  notices.loginFailed("192.0.2.1");
  notices.loginFailed("192.0.2.1");
  notices.loginFailed();
  notices.stop();
  await until(() => inbox.count === 3);
  inbox.take();
  const data = Object.fromEntries(inbox.last.map(({ type, data }) => [type, data]));
  assertEquals(data["quota.refused"], { repository: REPOSITORY, quota: quotas[0]!.bytes, count: 2 });
  assertEquals(data["login.failed"], { count: 3, addresses: { "192.0.2.1": 2, unknown: 1 } });
  assertEquals(data["manifest.pull"]?.tag, "a");
  await webhooks.stop();
});

Deno.test("openRegistry() sends events to the configured receivers, and to others after a reload", async () => {
  const arrived: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { type } = await request.json();
    arrived.push(`${new URL(request.url).pathname} ${type}`);
    return new Response(null, { status: 204 });
  });
  const configOf = (...paths: string[]) =>
    loadConfig({
      SKERRY_STORAGE: "memory",
      SKERRY_WEBHOOKS: JSON.stringify(paths.map((path) => ({
        name: path,
        url: `http://127.0.0.1:${server.addr.port}/${path}`,
        secrets: [SECRET],
        events: ["tag.*"],
        allowPrivate: true,
      }))),
    });
  const opened = await openRegistry(await configOf(), createLog({ format: "off" }));
  await pushBlob(opened.served.registry, BLOB);
  await pushManifest(opened.served.registry, IMAGE, "unseen");
  (await opened.prepare(await configOf("one"))).commit();
  await pushManifest(opened.served.registry, IMAGE, "a");
  await until(() => arrived.length === 1);
  (await opened.prepare(await configOf("two"))).commit();
  await opened.served.registry.deleteTag(REPOSITORY, tag("a"));
  await until(() => arrived.length === 2);
  assertEquals(arrived, ["/one skerry.tag.create", "/two skerry.tag.delete"]);
  (await opened.prepare(await configOf())).commit();
  await pushManifest(opened.served.registry, IMAGE, "b");
  await opened.close();
  assertEquals(arrived.length, 2);
});

Deno.test("Webhooks report deliveries and the oldest event that waits to telemetry", async () => {
  using events = recording();
  const inbox = new Inbox();
  const { stored, webhooks } = await setUp([inbox]);
  assertEquals(events.read("skerry.background.oldest_age", "webhooks"), 0);
  await pushManifest(stored.registry, IMAGE, "a");
  await until(() => inbox.count === 3);
  await webhooks.stop();
  const seen = events.take();
  const delivered = seen.filter((event) => event.startsWith("delivered webhooks "))
    .reduce((sum, event) => sum + Number(event.split(" ")[2]), 0);
  assertEquals(delivered, 3);
  assert(seen.includes("ran webhooks true"));
});
