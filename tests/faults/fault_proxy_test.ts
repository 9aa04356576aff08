import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type Fate, type FaultProxy, type FaultProxyOptions, startFaultProxy } from "./mod.ts";
import { startS3 } from "../s3/mod.ts";
import { send, sha256, textOf } from "../s3/testing.ts";
import { contentOf, type Recorder, startRecorder } from "./recorder.ts";

const CONTENT = "the content of a request that is not short".repeat(10_000);

/** A proxy before a recorder. */
function start(options: Partial<FaultProxyOptions> = {}) {
  const recorder = startRecorder();
  const proxy = startFaultProxy({ upstream: recorder.url, ...options });
  return {
    recorder,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await recorder[Symbol.asyncDispose]();
    },
  };
}

async function put(proxy: FaultProxy, path = "/10", body: BodyInit = CONTENT): Promise<string> {
  return await (await fetch(proxy.url + path, { method: "PUT", body })).text();
}

async function get(proxy: FaultProxy, path = "/10"): Promise<string> {
  return await (await fetch(proxy.url + path)).text();
}

/** Requests at the recorder, in short. */
function came({ received }: Recorder) {
  return received.map(({ method, path, whole, body }) => [method, path, whole, body.length]);
}

function countsOf({ counts }: FaultProxy): Partial<Record<Fate, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

Deno.test("startFaultProxy() passes a request on as it is, with its host and its length", async () => {
  await using all = start();
  const { proxy, recorder } = all;
  assertEquals(await put(proxy, "/20?a=b%20c"), contentOf(20));
  const [request] = recorder.received;
  assertEquals(request!.body, CONTENT);
  assertEquals(request!.headers.get("host"), new URL(proxy.url).host);
  assertEquals(request!.headers.get("content-length"), `${CONTENT.length}`);
  assertEquals(request!.headers.has("transfer-encoding"), false);
  assertEquals(countsOf(proxy), { pass: 1 });
});

Deno.test("startFaultProxy() keeps chunks in both directions", async () => {
  await using all = start();
  const { proxy, recorder } = all;
  const body = ReadableStream.from([CONTENT, CONTENT]).pipeThrough(new TextEncoderStream());
  const response = await fetch(`${proxy.url}/chunked/100000`, { method: "PUT", body });
  assertEquals(response.headers.get("content-length"), null);
  assertEquals(await response.text(), contentOf(100_000));
  assertEquals(recorder.received[0]!.headers.get("transfer-encoding"), "chunked");
  assertEquals(recorder.received[0]!.body, CONTENT + CONTENT);
});

Deno.test("startFaultProxy() keeps answers without a body apart", async () => {
  await using all = start();
  for (let i = 0; i < 3; i++) {
    const head = await fetch(`${all.proxy.url}/10`, { method: "HEAD" });
    assertEquals([head.headers.get("content-length"), await head.text()], ["10", ""]);
    assertEquals(await get(all.proxy), contentOf(10));
  }
});

Deno.test("startFaultProxy() passes many requests at once", async () => {
  await using all = start();
  const sizes = Array.from({ length: 40 }, (_, i) => i * 10_000);
  const bodies = await Promise.all(sizes.map((size) => put(all.proxy, `/${size}`)));
  assertEquals(bodies.map(({ length }) => length), sizes);
  assertEquals(came(all.recorder).every(([, , whole, length]) => whole && length === CONTENT.length), true);
});

Deno.test("startFaultProxy() passes an answer on that comes before the request has ended", async () => {
  await using all = start();
  const response = await fetch(`${all.proxy.url}/early`, { method: "PUT", body: CONTENT });
  assertEquals([response.status, await response.text()], [400, "early"]);
});

Deno.test("startFaultProxy() leaves signatures good", async () => {
  await using s3 = await startS3();
  await using proxy = startFaultProxy({ upstream: s3.endpoint });
  const store = { ...s3, endpoint: proxy.url };
  const headers = { "x-amz-content-sha256": sha256(CONTENT) };
  assertEquals((await send(store, { method: "PUT", key: "a/b", headers, body: CONTENT })).status, 200);
  assertEquals(await textOf(store, "a/b"), CONTENT);
});

Deno.test("startFaultProxy() counts the bytes to and from the store", async () => {
  await using all = start();
  await put(all.proxy, "/50000");
  const { sent, received } = all.proxy.traffic;
  assert(sent > CONTENT.length && sent < CONTENT.length + 1000, `${sent}`);
  assert(received > 50_000 && received < 51_000, `${received}`);
});

Deno.test("startFaultProxy() passes a delayed request on", async () => {
  await using all = start({ longestDelay: 2 });
  all.proxy.script(["delay"]);
  assertEquals(await put(all.proxy), contentOf(10));
  assertEquals(countsOf(all.proxy), { delay: 1 });
});

Deno.test("startFaultProxy() refuses before the store hears of the request", async () => {
  await using all = start();
  all.proxy.script(["refuse"]);
  await assertRejects(() => put(all.proxy), TypeError);
  await get(all.proxy);
  assertEquals(came(all.recorder), [["GET", "/10", true, 0]]);
  assertEquals(countsOf(all.proxy), { refuse: 1, pass: 1 });
});

Deno.test("startFaultProxy() answers an error in the form of the store, which hears nothing", async () => {
  await using all = start();
  const { proxy, recorder } = all;
  const answer = async (fate: Fate, headers: Record<string, string>, method = "PUT") => {
    proxy.script([fate]);
    const body = method === "PUT" ? CONTENT : null;
    const response = await fetch(`${proxy.url}/10`, { method, headers, body });
    const text = await response.text();
    return [response.status, /<Code>(\w+)</.exec(text)?.[1] ?? /#(\w+)"/.exec(text)?.[1]];
  };
  assertEquals(await answer("error-500", {}), [500, "InternalError"]);
  assertEquals(await answer("error-503", {}), [503, "ServiceUnavailable"]);
  assertEquals(await answer("throttle", {}), [503, "SlowDown"]);
  assertEquals(await answer("throttle", {}, "HEAD"), [503, undefined]);
  const dynamo = { "x-amz-target": "DynamoDB_20120810.GetItem" };
  assertEquals(await answer("error-500", dynamo), [500, "InternalServerError"]);
  assertEquals(await answer("error-503", dynamo), [503, "ServiceUnavailable"]);
  assertEquals(await answer("throttle", dynamo), [400, "ProvisionedThroughputExceededException"]);
  assertEquals(came(recorder), []);
  assertEquals(countsOf(proxy), { "error-500": 2, "error-503": 2, throttle: 3 });
});

Deno.test("startFaultProxy() gives the store half of a request", async () => {
  await using all = start();
  all.proxy.script(["cut-request"]);
  await assertRejects(() => put(all.proxy), TypeError);
  await all.recorder.until(1);
  assertEquals(came(all.recorder), [["PUT", "/10", false, CONTENT.length / 2]]);
  assertEquals(countsOf(all.proxy), { "cut-request": 1 });
});

Deno.test("startFaultProxy() cuts a request in chunks, or without a body", async () => {
  await using all = start();
  all.proxy.script(["cut-request", "cut-request"]);
  const body = ReadableStream.from([CONTENT]).pipeThrough(new TextEncoderStream());
  await assertRejects(() => put(all.proxy, "/10", body), TypeError);
  await all.recorder.until(1);
  const { whole, body: came } = all.recorder.received[0]!;
  assert(!whole && came.length > 0 && came.length < CONTENT.length && CONTENT.startsWith(came));
  await assertRejects(() => get(all.proxy), TypeError);
  assertEquals(await get(all.proxy), contentOf(10));
  assertEquals(all.recorder.received.length, 2);
});

Deno.test("startFaultProxy() gives the client half of a response to work that is done", async () => {
  await using all = start();
  all.proxy.script(["cut-response"]);
  const response = await fetch(`${all.proxy.url}/1000`, { method: "PUT", body: CONTENT });
  assertEquals(response.headers.get("content-length"), "1000");
  assertEquals(await readUntilBroken(response), contentOf(500));
  assertEquals(came(all.recorder), [["PUT", "/1000", true, CONTENT.length]]);
  assertEquals(countsOf(all.proxy), { "cut-response": 1 });
});

Deno.test("startFaultProxy() cuts a response in chunks, or without a body", async () => {
  await using all = start();
  all.proxy.script(["cut-response", "cut-response"]);
  const text = await readUntilBroken(await fetch(`${all.proxy.url}/chunked/100000`));
  assert(text.length < 100_000 && contentOf(100_000).startsWith(text));
  await assertRejects(() => fetch(`${all.proxy.url}/10`, { method: "HEAD" }), TypeError);
});

/** The text that comes before the connection breaks; fails where it does not. */
async function readUntilBroken(response: Response): Promise<string> {
  let text = "";
  await assertRejects(async () => {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
  });
  return text;
}

Deno.test("startFaultProxy() drops the response to work that is done", async () => {
  await using all = start();
  all.proxy.script(["drop-response"]);
  await assertRejects(() => put(all.proxy), TypeError);
  assertEquals(came(all.recorder), [["PUT", "/10", true, CONTENT.length]]);
  assertEquals(countsOf(all.proxy), { "drop-response": 1 });
});

Deno.test("startFaultProxy() repeats a request and answers once", async () => {
  await using all = start();
  all.proxy.script(["repeat", "repeat"]);
  assertEquals(await put(all.proxy), contentOf(10));
  assertEquals(await get(all.proxy), contentOf(10));
  assertEquals(came(all.recorder), [
    ["PUT", "/10", true, CONTENT.length],
    ["PUT", "/10", true, CONTENT.length],
    ["GET", "/10", true, 0],
    ["GET", "/10", true, 0],
  ]);
  assertEquals(all.recorder.received[1]!.body, CONTENT);
  assertEquals(countsOf(all.proxy), { repeat: 2 });
});

Deno.test("startFaultProxy() answers nothing to a request that hangs, until the client gives up", async () => {
  await using all = start();
  all.proxy.script(["hang"]);
  const controller = new AbortController();
  const answer = fetch(`${all.proxy.url}/10`, { signal: controller.signal });
  assertEquals(await get(all.proxy), contentOf(10)); // the second one is answered all the while
  controller.abort();
  await assertRejects(() => answer, DOMException);
  assertEquals(came(all.recorder), [["GET", "/10", true, 0]]);
});

Deno.test("startFaultProxy() breaks open connections when it cuts, and continues", async () => {
  await using all = start();
  all.proxy.script([{ fate: "hang", when: ({ method }) => method === "PUT" }]);
  const answer = put(all.proxy);
  while (all.proxy.counts.hang === 0) await get(all.proxy);
  all.proxy.cut();
  await assertRejects(() => answer, TypeError);
  assertEquals(await get(all.proxy), contentOf(10));
});

Deno.test("startFaultProxy() refuses connections while it is down, and is back where it was", async () => {
  await using all = start();
  const { proxy } = all;
  const { port } = new URL(proxy.url);
  await get(proxy);
  proxy.down = true;
  proxy.down = true;
  await assertRejects(() => get(proxy), TypeError);
  const connecting = () => Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  await assertRejects(connecting, Deno.errors.ConnectionRefused);
  assertEquals(proxy.down, true);
  proxy.down = false;
  assertEquals(proxy.down, false);
  assertEquals(await get(proxy), contentOf(10));
});

Deno.test("startFaultProxy() breaks the connection when nothing listens behind it", async () => {
  await using all = start();
  await all.recorder[Symbol.asyncDispose]();
  await assertRejects(() => get(all.proxy), TypeError);
});

Deno.test("startFaultProxy() tells of each request before it is passed on", async () => {
  const told: unknown[] = [];
  await using all = start({ onRequest: ({ method, target }, fate) => told.push([method, target, fate]) });
  all.proxy.script(["repeat"]);
  await put(all.proxy, "/10?a");
  await get(all.proxy);
  assertEquals(told, [["PUT", "/10?a", "repeat"], ["GET", "/10", "pass"]]);
});

Deno.test("startFaultProxy() throws the same dice for the same seed", async () => {
  const fates = async (seed: number): Promise<Fate[]> => {
    const fates: Fate[] = [];
    await using all = start({ seed, rate: 0.5, longestDelay: 1, onRequest: (_, fate) => fates.push(fate) });
    for (let i = 0; i < 60; i++) await get(all.proxy).catch(() => {});
    return fates;
  };
  const first = await fates(1);
  assertEquals(await fates(1), first);
  assertNotEquals(await fates(2), first);
  assert(new Set(first).size > 4, `${first}`);
});
