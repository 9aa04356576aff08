import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { loadConfig } from "../../config/config.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { createLog } from "../../process/mod.ts";
import { openStorage } from "../../process/open/open_storage.ts";
import { Inbox } from "../../registry/events/testing/inbox.ts";
import { createRegistry, type EventOutbox } from "../../registry/mod.ts";
import { content, digest, imageOf, pushBlob, pushManifest, REPOSITORY } from "../../tests/harness/stores.ts";
import { dropEvent, listEvents, retryEvent } from "./mod.ts";

const CONFIG = content(9, 1);
const IMAGE = imageOf(CONFIG, []);
const EVENTS = [{ types: Inbox.ALL, repositories: ["**"] }];

/** Runs `test` on a folder whose events are in the state that `prepare` leaves. */
async function withEvents(
  prepare: (outbox: EventOutbox) => Promise<unknown>,
  test: (config: Config) => Promise<void>,
): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "skerry-" });
  try {
    const config = await loadConfig({ SKERRY_DATA: data });
    const { objects, table, close } = await openStorage(config, createLog({ format: "off" }));
    const { registry, events } = createRegistry({ objects, table, events: EVENTS });
    await pushBlob(registry, CONFIG);
    await pushManifest(registry, IMAGE, "latest");
    await prepare(await events());
    await close();
    await test(config);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function list(config: Config, options: { dead?: boolean; json?: boolean; webhook?: string } = {}) {
  const lines: string[] = [];
  await listEvents(config, (text) => lines.push(text), { dead: false, json: false, ...options });
  return lines;
}

Deno.test("skerry events lists the events that wait, with the reason of the last failure", async () => {
  const inbox = new Inbox("ci");
  inbox.failures = 1;
  inbox.filter = (type) => type === "tag.create";
  await withEvents(async (outbox) => {
    await outbox.relay([inbox]);
    await outbox.deliver(inbox);
  }, async (config) => {
    const [line, sum] = await list(config);
    const expected = new RegExp(
      `^ci  tag.create ${REPOSITORY}:latest  .* old  1 failed attempt, next (now|in .*): down$`,
    );
    assertMatch(line!, expected);
    assertEquals(sum, "1 event");
    assertEquals(await list(config, { webhook: "other" }), ["0 events"]);
    const [json] = await list(config, { json: true });
    assertEquals(JSON.parse(json!).message.data.digest, digest(IMAGE));
    assertEquals(await list(config, { dead: true }), ["0 dead letters"]);
  });
});

Deno.test("skerry events lists dead letters, sends them again, and deletes them", async () => {
  const inbox = new Inbox("ci");
  inbox.failures = 2;
  inbox.refusal = { isFinal: true };
  inbox.filter = (type) => type === "tag.create" || type === "manifest.push";
  await withEvents(async (outbox) => {
    await outbox.relay([inbox]);
    await outbox.deliver(inbox);
  }, async (config) => {
    const [first, second, sum] = await list(config, { dead: true });
    assertEquals(sum, "2 dead letters");
    assertMatch(first!, / ci {2}manifest.push .* 1 attempt, the last one .* ago: down$/);
    const print: string[] = [];
    await retryEvent(config, (text) => print.push(text), second!.split(" ")[0]!);
    await dropEvent(config, (text) => print.push(text), first!.split(" ")[0]!);
    assertEquals(print, [
      `Sending tag.create ${REPOSITORY}:latest to webhook ci again`,
      `Deleted manifest.push ${REPOSITORY}@${digest(IMAGE)} to webhook ci`,
    ]);
    assertEquals(await list(config, { dead: true }), ["0 dead letters"]);
    assertMatch((await list(config))[0]!, /^ci {2}tag.create .* old$/);
    for (const command of [retryEvent, dropEvent]) {
      await assertRejects(
        () => command(config, () => {}, "1.ff.ci"),
        StartError,
        'No such dead letter: "1.ff.ci"',
      );
    }
  });
});
