import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/mod.ts";
import { type EventReceiver, UNRESTRICTED_CALLER } from "../registry/mod.ts";
import { TestStores } from "../tests/harness/stores.ts";
import { deadLetterListSchema, waitingEventListSchema } from "./schemas/mod.ts";
import { ALICE, checked } from "./testing/fixture.ts";
import { WebhookPages } from "./webhooks.ts";

/** Receiver that accepts nothing, and is asked so many times again. */
const down = (retries: number[]): EventReceiver => ({
  name: "ci",
  wants: () => true,
  retries,
  deliver: () => Promise.reject(new Error("down")),
});

async function open(retries: number[], subjects: string[]) {
  const outbox = await new TestStores().registry().events();
  const receiver = down(retries);
  for (const subject of subjects) {
    await outbox.announce([receiver], { type: "tag.move", subject, data: {} });
  }
  // The queue pauses after some failures.
  for (let i = 0; i < subjects.length; i++) await outbox.deliver(receiver);
  const changes: unknown[] = [];
  const root = { ...UNRESTRICTED_CALLER, changed: (change: unknown) => void changes.push(change) };
  return { api: new WebhookPages(() => Promise.resolve(outbox)), root, changes };
}

Deno.test("listEvents() lists events that wait, with the last failure", async () => {
  const { api, root } = await open([60_000], ["team/app:v1"]);
  const { events } = checked(waitingEventListSchema, await api.listEvents(root));
  const [{ at, notBefore, ...event }, ...more] = events as [typeof events[number]];
  assertEquals(event, {
    type: "tag.move",
    subject: "team/app:v1",
    webhook: "ci",
    attempts: 1,
    error: "down",
  });
  assertEquals(more, []);
  assertMatch(at, /^\d{4}-/);
  assertMatch(notBefore!, /^\d{4}-/);
});

Deno.test("listDeadLetters() lists dead letters in pages, which can be sent again or deleted", async () => {
  const { api, root, changes } = await open([], ["team/app:v1", "team/app:v2", "team/app:v3"]);
  const first = checked(deadLetterListSchema, await api.listDeadLetters(root, { n: 2 }));
  const second = checked(deadLetterListSchema, await api.listDeadLetters(root, { n: 2, last: first.next! }));
  assertEquals([first.letters.length, second.letters.length, second.next], [2, 1, undefined]);
  const [one, two] = first.letters;
  await api.retryDeadLetter(root, one!.id);
  await api.deleteDeadLetter(root, two!.id);
  assertEquals((await api.listEvents(root)).events.map(({ subject }) => subject), [one!.subject]);
  assertEquals((await api.listDeadLetters(root)).letters, second.letters);
  assertEquals(changes, [
    { action: "event.retry", webhook: "ci", letter: one!.id },
    { action: "event.drop", webhook: "ci", letter: two!.id },
  ]);
  for (const id of [one!.id, two!.id, "none"]) {
    for (const change of [api.retryDeadLetter, api.deleteDeadLetter]) {
      const error = await assertRejects(() => change.call(api, root, id), RegistryError);
      assertEquals(error.status, 404);
    }
  }
  assertEquals(changes.length, 2);
});

Deno.test("webhooks are denied to other callers, and unknown to an app that delivers no events", async () => {
  const { api, root } = await open([], []);
  const other = { ...ALICE, administers: false };
  const calls = (pages: WebhookPages, caller: typeof ALICE) => [
    () => pages.listEvents(caller),
    () => pages.listDeadLetters(caller),
    () => pages.retryDeadLetter(caller, "none"),
    () => pages.deleteDeadLetter(caller, "none"),
  ];
  for (
    const [pages, caller, status] of [[api, other, 403], [new WebhookPages(undefined), root, 404]] as const
  ) {
    for (const call of calls(pages, caller)) {
      assertEquals((await assertRejects(call, RegistryError)).status, status);
    }
  }
});
