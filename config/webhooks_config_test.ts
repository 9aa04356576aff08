import { assertEquals } from "@std/assert";
import { loadConfig } from "./config.ts";
import { eventRules } from "./event_rules.ts";
import { problemsOf } from "./testing/load_config.ts";

const SECRET = `whsec_${btoa("0123456789abcdefghijklmn")}`;
const CI = { name: "ci", url: "https://ci.example.com/hooks?a=1", secrets: [SECRET] };

function load(...webhooks: unknown[]) {
  return loadConfig({ SKERRY_WEBHOOKS: JSON.stringify(webhooks) });
}

async function problems(more: Record<string, unknown>): Promise<string[]> {
  return await problemsOf({ SKERRY_WEBHOOKS: JSON.stringify([{ ...CI, ...more }]) });
}

Deno.test("webhooks get every event except pulls, and nine attempts in a day, by default", async () => {
  const { webhooks: [ci] } = await load(CI);
  assertEquals({ ...ci, events: ci!.events.length, retry: ci!.retry.length }, {
    ...CI,
    events: 10,
    repositories: ["**"],
    allowPrivate: false,
    retry: 8,
    pullSample: 100,
  });
  assertEquals(ci!.events.includes("manifest.pull"), false);
  const day = ci!.retry.reduce((sum, pause) => sum + pause, 0) / 3_600_000;
  assertEquals(Math.round(day), 24);
});

Deno.test("webhooks name their events by type or by group, and pulls by their type alone", async () => {
  const events = ["tag.*", "manifest.pull", "manifest.push", "tag.move"];
  const { webhooks } = await load({ ...CI, events, retry: ["1s", "2m"], repositories: ["team/**"] });
  const types = ["manifest.push", "manifest.pull", "tag.create", "tag.move", "tag.delete"];
  assertEquals(webhooks[0]!.events as string[], types);
  assertEquals(webhooks[0]!.retry, [1000, 120_000]);
  assertEquals(eventRules({ webhooks }) as unknown, {
    events: [{ types, repositories: ["team/**"] }],
  });
  assertEquals(eventRules({ webhooks: [] }), {});
});

Deno.test("a webhook without TLS needs allowPrivate", async () => {
  const plain = { url: "http://10.0.0.1/hooks" };
  assertEquals((await load({ ...CI, ...plain, allowPrivate: true })).webhooks[0]!.allowPrivate, true);
  assertEquals(await problems(plain), [
    'webhooks[0].url (SKERRY_WEBHOOKS): Requires "https:", or "allowPrivate"',
  ]);
});

Deno.test("webhooks refuse unusable values, and show no secret", async () => {
  const place = (part: string) => `webhooks[0].${part} (SKERRY_WEBHOOKS): `;
  const weak = `whsec_${btoa("short")}`;
  const wrong: [Record<string, unknown>, string][] = [
    [{ name: "No" }, place("name") + 'Expected a name such as "ci", up to 32 characters, got "No"'],
    [{ secrets: [] }, place("secrets") + "Expected at least one secret"],
    [{ secrets: [weak] }, place("secrets[0]") + 'Expected "whsec_" and 24 to 64 bytes in base64'],
    [{ secrets: ["plain"] }, place("secrets[0]") + 'Expected "whsec_" and 24 to 64 bytes in base64'],
    [
      { url: "https://me:secret@ci.example" },
      place("url") + 'Expected a URL such as "https://ci.example.com/hooks", without a user',
    ],
    [
      { events: ["tags"] },
      place("events") + 'Expected a type of events such as "tag.move" or "tag.*", got "tags"',
    ],
    [{ events: [] }, place("events") + "Expected at least one pattern"],
    [{ pullSample: 0 }, place("pullSample") + "Expected a number from 1 on, got 0"],
    [{ color: "red" }, place("color") + "No such setting"],
  ];
  for (const [more, problem] of wrong) assertEquals(await problems(more), [problem]);
});

Deno.test("webhooks have names of their own", async () => {
  const twice = { SKERRY_WEBHOOKS: JSON.stringify([CI, CI]) };
  assertEquals(await problemsOf(twice), ['webhooks[1].name (SKERRY_WEBHOOKS): "ci" is used twice']);
});
