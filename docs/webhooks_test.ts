import { assert, assertEquals } from "@std/assert";
import { EVENT_TYPES } from "../registry/interface.ts";
import { openWebhook, WebhookError } from "../events/mod.ts";

const PAGE = await Deno.readTextFile(new URL("webhooks.md", import.meta.url));
const SECRET = `whsec_${btoa("0123456789abcdefghijklmn")}`;

/** The receiver of the page. */
async function exampleOf(secret: string): Promise<{ fetch(request: Request): Promise<Response> }> {
  const [, source] = /```ts\n(.*?)```/s.exec(PAGE) ?? [];
  assert(source !== undefined, "The page has no example");
  const silent = source.replace('Deno.env.get("WEBHOOK_SECRET")!', JSON.stringify(secret))
    .replace("console.log(event.type, event.subject);", "");
  return (await import(`data:application/typescript,${encodeURIComponent(silent)}`)).default;
}

async function deliver(port: number, secret: string): Promise<void> {
  const receiver = await openWebhook({
    name: "ci",
    url: `http://127.0.0.1:${port}/`,
    secrets: [secret],
    events: [...EVENT_TYPES],
    repositories: ["**"],
    allowPrivate: true,
    retry: [],
  }, { source: "https://registry.example" });
  await receiver.deliver({ id: "1", type: "tag.move", at: Date.now(), data: {} });
}

Deno.test("the receiver of docs/webhooks.md takes signed events, and refuses others", async () => {
  const example = await exampleOf(SECRET);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, example.fetch);
  await deliver(server.addr.port, SECRET);
  const refused = await deliver(server.addr.port, `whsec_${btoa("0".repeat(24))}`).catch((error) => error);
  assert(refused instanceof WebhookError);
  assertEquals(refused.message, "Status 401");
});

Deno.test("docs/webhooks.md lists every type of events, and no other", () => {
  const section = PAGE.slice(PAGE.indexOf("## Events"), PAGE.indexOf("```json"));
  const listed = [...section.matchAll(/^\| `([a-z.]+)`/gm)].map(([, type]) => type!);
  assertEquals(listed.sort(), [...EVENT_TYPES].sort() as string[]);
});
