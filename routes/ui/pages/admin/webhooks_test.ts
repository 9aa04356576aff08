import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { AuditEvent } from "../../../../registry/interface.ts";
import { createRegistry, type EventOutbox, type EventReceiver } from "../../../../registry/mod.ts";
import { buildApp, fakeApp, testStores } from "../../../../tests/harness/app.ts";
import { FormClient } from "../../../../tests/harness/form_client.ts";

/** Receiver that accepts nothing. */
const CLOSED: EventReceiver = {
  name: "closed",
  wants: () => true,
  retries: [],
  deliver: () => Promise.reject(new Error("<script>alert(1)</script>")),
};

/** Registry with so many dead letters, and a browser. */
async function openApp(
  count: number,
): Promise<{ outbox: EventOutbox; browser: FormClient; audit: AuditEvent[] }> {
  const audit: AuditEvent[] = [];
  const stores = testStores();
  const outbox = await createRegistry(stores).events();
  for (let i = 0; i < count; i++) {
    await outbox.announce([CLOSED], { type: "tag.move", subject: `team/app:<b>${i}`, data: {} });
  }
  // The queue pauses after some failures.
  for (let i = 0; i < count && (await outbox.pending()).length > 0; i++) await outbox.deliver(CLOSED);
  assertEquals((await outbox.deadLetters()).items.length, count);
  const { request } = buildApp({ ui: {}, registry: stores, audit: (event) => audit.push(event) });
  return { outbox, audit, browser: new FormClient(request, "http://localhost") };
}

Deno.test("the page of webhooks sends a dead letter again, or deletes it", async () => {
  const { outbox, browser, audit } = await openApp(2);
  const page = await browser.open("/admin/webhooks");
  assertEquals(page.status, 200);
  assert(!/<b>|<script>alert/.test(page.text));
  assertStringIncludes(page.text, "tag.move team/app:&lt;b&gt;0");
  const [first, second] = (await outbox.deadLetters()).items;
  const retried = await browser.submit("/admin/webhooks", { id: first!.id, do: "retry" });
  assertEquals([retried.status, retried.location], [303, "/admin/webhooks"]);
  assertEquals((await outbox.pending()).map(({ message }) => message.id), [first!.message.id]);
  assertEquals((await browser.submit("/admin/webhooks", { id: second!.id, do: "drop" })).status, 303);
  assertEquals((await outbox.deadLetters()).items, []);
  assertEquals((await outbox.pending()).length, 1);
  for (const fields of [{ id: second!.id, do: "retry" }, { id: "x", do: "drop" }, { id: first!.id }]) {
    assertEquals((await browser.submit("/admin/webhooks", { ...fields })).status, 404);
  }
  assertEquals(audit.map(({ who, action, webhook, letter }) => [who, action, webhook, letter]), [
    ["anonymous", "event.retry", "closed", first!.id],
    ["anonymous", "event.drop", "closed", second!.id],
  ]);
});

Deno.test("the page of webhooks lists dead letters in pages", async () => {
  const { browser } = await openApp(60);
  let rows = 0;
  let next: string | undefined = "/admin/webhooks";
  for (let pages = 0; next !== undefined; pages++) {
    assert(pages < 3);
    const { text }: { text: string } = await browser.open(next);
    rows += text.split('value="drop"').length - 1;
    next = /<a class="button" href="([^"]+)" rel="next">/.exec(text)?.[1]?.replaceAll("&amp;", "&");
  }
  assertEquals(rows, 60);
});

Deno.test("an app that delivers no events has no page of webhooks", async () => {
  const { request } = fakeApp({}, { ui: {} });
  const response = await request("/admin/webhooks", { headers: { Accept: "text/html" } });
  assertEquals(response.status, 404);
  await response.body?.cancel();
});
