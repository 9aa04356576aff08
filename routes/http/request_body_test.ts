import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { source } from "../../tests/harness/body_source.ts";
import { BodyBudget } from "./body_budget.ts";
import { bodyOf, contentLength, withBody } from "./request_body.ts";

const IDLE_LIMIT_MS = 60_000;

/** The body as it is handed on. */
const read = (request: Request, limit: number, bodies = new BodyBudget(1 << 20)) =>
  withBody(
    request,
    { limit, idle: IDLE_LIMIT_MS, bodies, stop: undefined },
    (bytes) => Promise.resolve(bytes),
  );

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

Deno.test("contentLength() is the announced length when there is one", () => {
  assertEquals(contentLength(post(null)), undefined);
  assertEquals(contentLength(post(null, { "Content-Length": "0" })), 0);
  assertEquals(contentLength(post(null, { "Content-Length": "5497558138880" })), 5_497_558_138_880);
});

Deno.test("contentLength() rejects a malformed length", () => {
  for (const field of ["-1", "1.5", "x", "", "1, 1", "+1", "1".repeat(16)]) {
    assertThrows(
      () => contentLength(post(null, { "Content-Length": field })),
      RegistryError,
      undefined,
      field,
    );
  }
});

Deno.test("bodyOf() is empty when the request has no body", async () => {
  assertEquals(await new Response(bodyOf(post(null))).bytes(), new Uint8Array());
});

Deno.test("withBody() takes as many bytes as the limit and not one more", async () => {
  assertEquals((await read(post(source([6, 4]).stream), 10)).byteLength, 10);
  const error = await assertRejects(() => read(post(source([6, 5]).stream), 10), RegistryError);
  assertEquals([error.status, error.code], [413, "SIZE_INVALID"]);
});

Deno.test("withBody() keeps the order of the chunks", async () => {
  assertEquals([...await read(post(source([2, 1, 1]).stream), 10)], [1, 1, 2, 3]);
});

Deno.test("withBody() lets a body without end go as soon as it passes the limit (CVE-2017-11468)", async () => {
  const { stream, state } = source([], "endless");
  await assertRejects(() => read(post(stream), 10_000), RegistryError);
  assert(state.cancelled);
  assert(state.pulled < 20_000, `${state.pulled} bytes were taken`);
});

Deno.test("withBody() reads nothing when the announced length is over the limit", async () => {
  const { stream, state } = source([], "endless");
  const request = post(stream, { "Content-Length": "11" });
  const error = await assertRejects(() => read(request, 10), RegistryError);
  assertEquals(error.status, 413);
  assertEquals(state.pulled, 0);
});

Deno.test("withBody() holds exactly the bytes that it has room for, and none in the end", async () => {
  const bodies = new BodyBudget(1 << 20);
  const during: number[] = [];
  const use = (bytes: Uint8Array) => {
    during.push(bodies.held);
    return Promise.resolve(bytes.byteLength);
  };
  const options = { limit: 1000, idle: IDLE_LIMIT_MS, bodies, stop: undefined };
  const announced = post(source([6, 4]).stream, { "Content-Length": "10" });
  assertEquals(await withBody(announced, options, use), 10);
  assertEquals(await withBody(post(source([6, 4, 90]).stream), options, use), 100);
  assertEquals([during, bodies.held], [[10, 100], 0]);
  const waiting = source([6], "stall");
  const stalled = withBody(post(waiting.stream), { ...options, idle: 10 }, use);
  assertEquals(bodies.held, 1000 + 8 * 1024 + 16);
  await assertRejects(() => stalled, RegistryError, "stalled");
  await assertRejects(() => withBody(post(source([6], "break").stream), options, use), RegistryError);
  await assertRejects(
    () => withBody(post(source([6]).stream), options, () => Promise.reject(new TypeError("Refused"))),
    TypeError,
  );
  assertEquals([during.length, bodies.held], [2, 0]);
});

Deno.test("withBody() holds the received bytes of a growing body", async () => {
  const bodies = new BodyBudget(1 << 20);
  const slow = source([10_000], "stall");
  const options = { limit: 60_000, idle: 20, bodies, stop: undefined, grows: true };
  const read = withBody(post(slow.stream), options, (bytes) => Promise.resolve(bytes));
  assertEquals(bodies.held, 8 * 1024);
  while (bodies.held === 8 * 1024) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(bodies.held, 10_000 + 8 * 1024);
  await assertRejects(() => read, RegistryError, "stalled");
  assertEquals(bodies.held, 0);
});

Deno.test("withBody() gives up a body that comes slowly while another one waits, which then has its room", async () => {
  const bodies = new BodyBudget(20_000, { patienceMs: 10 });
  const slow = source([1], "stall");
  const first = read(post(slow.stream), 10_000, bodies);
  const second = read(post(source([6, 4]).stream), 10_000, bodies);
  assertEquals([bodies.held, bodies.waiting], [10_000 + 8 * 1024 + 16, 1]);
  const error = await assertRejects(() => first, RegistryError);
  assertEquals([error.status, error.code], [408, "TOOMANYREQUESTS"]);
  assert(slow.state.cancelled);
  assertEquals((await second).byteLength, 10);
  assertEquals([bodies.held, bodies.waiting], [0, 0]);
});

Deno.test("withBody() ends a slow body when the process stops", async () => {
  const stopping = new AbortController();
  const options = {
    limit: 1000,
    idle: IDLE_LIMIT_MS,
    bodies: new BodyBudget(1 << 20),
    stop: stopping.signal,
  };
  const read = withBody(post(source([6], "stall").stream), options, (bytes) => Promise.resolve(bytes));
  stopping.abort();
  const error = await assertRejects(() => read, RegistryError, "shutting down");
  assertEquals(error.status, 503);
});
