import { assert, assertEquals, assertRejects } from "@std/assert";
import { CloudEvent, HTTP } from "npm:cloudevents@10.0.0";
import { Webhook } from "standardwebhooks";
import { OTHER, OTHER_AUTHORITY } from "../process/connections/testing/other_certificate.ts";
import { EVENT_TYPES, type EventMessage } from "../registry/mod.ts";
import { exchangeByFetch } from "./exchange.ts";
import { openWebhook, WebhookError, type WebhookMeans, type WebhookOptions } from "./mod.ts";

const SECRETS = ["0123456789abcdefghijklmn", "nmlkjihgfedcba9876543210"].map((text) => `whsec_${btoa(text)}`);
const SOURCE = "https://registry.example";
const MESSAGE: EventMessage = {
  id: "4f3a",
  type: "tag.move",
  at: 1_700_000_000_123,
  subject: "team/app:latest",
  data: { repository: "team/app", tag: "latest", digest: "sha256:ab", by: "Zoë" },
};

/** A request as it arrived. */
interface Arrived {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A receiver that answers with this function. */
function receive(answer: () => Response | Promise<Response> = () => new Response(null, { status: 204 })) {
  const arrived: Arrived[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const headers = Object.fromEntries(request.headers);
    const { pathname } = new URL(request.url);
    arrived.push({ method: request.method, path: pathname, headers, body: await request.text() });
    return answer();
  });
  return {
    arrived,
    url: `http://127.0.0.1:${server.addr.port}`,
    port: server.addr.port,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function deliver(
  options: Partial<WebhookOptions> & { url: string },
  means: Partial<WebhookMeans> = {},
): Promise<void> {
  const receiver = await openWebhook({
    name: "ci",
    secrets: SECRETS,
    events: [...EVENT_TYPES],
    repositories: ["**"],
    allowPrivate: true,
    retry: [],
    ...options,
  }, { source: SOURCE, ...means });
  await receiver.deliver(MESSAGE);
}

async function refusal(...options: Parameters<typeof deliver>): Promise<WebhookError> {
  return await assertRejects(() => deliver(...options), WebhookError);
}

/** Runs a test with a connection to a checked address, and with the one of older Denos. */
function test(name: string, run: (means: Partial<WebhookMeans>) => Promise<void>): void {
  Deno.test(name, () => run({}));
  Deno.test(`${name}, by fetch`, () => run({ exchange: exchangeByFetch }));
}

Deno.test("a webhook sends a CloudEvent that the library of CloudEvents reads and finds valid", async () => {
  await using receiver = receive();
  await deliver({ url: `${receiver.url}/hooks` });
  const [{ method, path, headers, body }] = receiver.arrived as [Arrived];
  assertEquals([method, path], ["POST", "/hooks"]);
  const event = HTTP.toEvent({ headers, body });
  assert(event instanceof CloudEvent);
  assert(event.validate());
  assertEquals(JSON.parse(JSON.stringify(event)), {
    specversion: "1.0",
    id: "4f3a",
    source: SOURCE,
    type: "skerry.tag.move",
    subject: "team/app:latest",
    time: "2023-11-14T22:13:20.123Z",
    datacontenttype: "application/json",
    data: MESSAGE.data,
  });
});

Deno.test("a webhook signs with every secret, so that a receiver may know any of them", async () => {
  await using receiver = receive();
  await deliver({ url: receiver.url });
  const [{ headers, body }] = receiver.arrived as [Arrived];
  assertEquals(headers["webhook-id"], MESSAGE.id);
  for (const secret of SECRETS) new Webhook(secret).verify(body, headers);
  const other = new Webhook(`whsec_${btoa("0".repeat(24))}`);
  await assertRejects(async () => void await other.verify(body, headers), Error, "No matching signature");
  await assertRejects(
    async () => void await new Webhook(SECRETS[0]!).verify(body.replace("latest", "stable"), headers),
    Error,
    "No matching signature",
  );
});

test("a webhook follows no redirect, and reports the status of a refusal", async (means) => {
  await using other = receive();
  await using receiver = receive(() => Response.redirect(other.url, 307));
  assertEquals((await refusal({ url: receiver.url }, means)).message, "Status 307 (a redirect)");
  assertEquals(other.arrived, []);
  await using failing = receive(() => new Response("broken\n", { status: 500 }));
  const error = await refusal({ url: failing.url }, means);
  assertEquals([error.message, error.isFinal, error.retryAfter], ['Status 500 "broken"', false, undefined]);
});

test("a webhook gives up at 410, and waits as long as the receiver asks for", async (means) => {
  await using gone = receive(() => new Response(null, { status: 410 }));
  assertEquals((await refusal({ url: gone.url }, means)).isFinal, true);
  await using busy = receive(() => new Response(null, { status: 429, headers: { "Retry-After": "7" } }));
  assertEquals((await refusal({ url: busy.url }, means)).retryAfter, 7000);
});

test("a webhook reads only the start of an answer without end", async (means) => {
  let sent = 0;
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array((sent += 1024) && 1024).fill(97)),
    });
  await using receiver = receive(() => new Response(endless(), { status: 500 }));
  const { message } = await refusal({ url: receiver.url }, means);
  assertEquals(message, `Status 500 "${"a".repeat(120)}"`);
  assert(sent < 64 * 1024 * 1024, `${sent} bytes`);
});

test("a webhook waits for an answer only for its time", async (means) => {
  const gate = Promise.withResolvers<Response>();
  await using receiver = receive(() => gate.promise);
  const { message } = await refusal({ url: receiver.url }, { ...means, timeout: 50 });
  assertEquals(message, `No answer from ${receiver.url}: timed out`);
  gate.resolve(new Response());
});

Deno.test("a webhook connects to the address that was checked, and asks for none again", async () => {
  await using receiver = receive();
  let asked = 0;
  const resolve = () => {
    asked++;
    return Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  };
  await deliver({ url: `http://ci.invalid:${receiver.port}/` }, { resolve });
  assertEquals(asked, 1);
  assertEquals(receiver.arrived[0]!.headers.host, `ci.invalid:${receiver.port}`);
});

Deno.test("a webhook checks the certificate for the name, not for the address", async () => {
  const options = { port: 0, hostname: "127.0.0.1", ...OTHER, onListen() {} };
  await using server = Deno.serve(options, () => new Response(null, { status: 204 }));
  const resolve = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  const { port } = server.addr;
  await deliver({ url: `https://localhost:${port}/` }, { resolve, ca: OTHER_AUTHORITY });
  for (
    const [host, ca] of [["ci.invalid", OTHER_AUTHORITY], ["localhost", undefined]] as const
  ) {
    const means = { resolve, ...(ca !== undefined && { ca }) };
    const { message } = await refusal({ url: `https://${host}:${port}/` }, means);
    assert(message.startsWith(`No answer from https://${host}:${port}: `), message);
  }
});

Deno.test("a webhook refuses hosts with a private address, before it sends anything", async () => {
  await using receiver = receive();
  const hosts = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
  ];
  for (const host of hosts) {
    const { message } = await refusal({ url: `http://${host}:${receiver.port}`, allowPrivate: false });
    assert(message.includes("not public"), `${host}: ${message}`);
  }
  const rebound = [{ address: "93.184.216.34", family: 4 }, { address: "10.0.0.1", family: 4 }];
  const resolve = () => Promise.resolve(rebound);
  const { message } = await refusal({ url: "https://ci.invalid/", allowPrivate: false }, { resolve });
  assertEquals(message, '"ci.invalid" has an address that is not public (allow it with "allowPrivate")');
  assertEquals(receiver.arrived, []);
});

Deno.test("a webhook reports a host without an address", async () => {
  const none = () => Promise.reject(new Error("ENOTFOUND"));
  const { message } = await refusal({ url: "https://ci.invalid/" }, { resolve: none });
  assertEquals(message, 'Cannot find the address of "ci.invalid"');
});
