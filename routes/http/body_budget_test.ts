import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../oci/mod.ts";
import { fakeApp } from "../../tests/harness/app.ts";
import { source } from "../../tests/harness/body_source.ts";
import { BodyBudget } from "./body_budget.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const ignore = () => {};

Deno.test("BodyBudget.take() gives room in turn, and no more than there is", async () => {
  const budget = new BodyBudget(100);
  const [first, second] = [await budget.take(60, ignore), await budget.take(40, ignore)];
  const order: string[] = [];
  const large = budget.take(50, ignore).then((hold) => (order.push("large"), hold));
  const small = budget.take(1, ignore).then((hold) => (order.push("small"), hold));
  second.release();
  await Promise.resolve();
  assertEquals([budget.held, budget.waiting, order], [60, 2, []]);
  first.arrived(10);
  (await large).release();
  (await small).release();
  first.release();
  first.release();
  assertEquals([budget.held, budget.waiting, order], [0, 0, ["large", "small"]]);
});

Deno.test("BodyBudget.take() admits a body above the budget if no other is held", async () => {
  const budget = new BodyBudget(100);
  const hold = await budget.take(1000, ignore);
  assertEquals(budget.held, 100);
  hold.release();
  assertEquals(budget.held, 0);
});

Deno.test("BodyBudget.take() answers 503 with Retry-After to a request that has waited too long", async () => {
  const budget = new BodyBudget(100, { waitMs: 10 });
  const hold = await budget.take(100, ignore);
  hold.arrived(100); // so that nothing is given up
  const error = await assertRejects(() => budget.take(1, ignore), RegistryError);
  assertEquals([error.status, error.headers], [503, { "Retry-After": "2" }]);
  assertEquals(budget.waiting, 0);
  hold.release();
  (await budget.take(100, ignore)).release();
});

Deno.test("BodyBudget.take() limits one network to its share, and leaves the rest to others", async () => {
  const budget = new BodyBudget(100, { share: 30 });
  const first = await budget.take(20, ignore, "a");
  const order: string[] = [];
  const second = budget.take(20, ignore, "a").then((hold) => (order.push("a"), hold));
  const other = await budget.take(80, ignore, "b");
  assertEquals([budget.held, budget.waiting, order], [100, 1, []]);
  first.release();
  (await second).release();
  other.release();
  assertEquals([budget.held, budget.waiting, order], [0, 0, ["a"]]);
});

Deno.test("BodyBudget.take() gives up no body for a network that waits for its own share", async () => {
  const budget = new BodyBudget(100, { share: 30, patienceMs: 1 });
  const givenUp: string[] = [];
  const other = await budget.take(20, () => givenUp.push("b"), "b");
  const first = await budget.take(20, () => givenUp.push("a"), "a");
  const second = budget.take(20, ignore, "a");
  while (givenUp.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  first.release();
  (await second).release();
  other.release();
  assertEquals(givenUp, ["a"]);
});

Deno.test("BodyBudget.take() lets one network have some of the waiting places", async () => {
  const budget = new BodyBudget(100);
  const hold = await budget.take(100, ignore, "a");
  const waiting = Array.from({ length: 100 }, () => budget.take(1, ignore, "a"));
  await assertRejects(() => budget.take(1, ignore, "a"), RegistryError, "too many bodies");
  const other = budget.take(1, ignore, "b");
  hold.release();
  await Promise.all([...waiting, other].map(async (hold) => (await hold).release()));
  assertEquals([budget.held, budget.waiting], [0, 0]);
});

Deno.test("BodyHold.grow() throws when there is no room for more", async () => {
  const budget = new BodyBudget(100);
  const [first, second] = [await budget.take(10, ignore), await budget.take(50, ignore)];
  first.grow(50);
  assertThrows(() => first.grow(51), RegistryError, "too many bodies");
  assertEquals(budget.held, 100);
  first.release();
  second.release();
  assertEquals(budget.held, 0);
});

Deno.test("300 manifests that a client holds back take no more memory than the budget", async () => {
  const bodies = new BodyBudget(64 * 1024 * 1024, { waitMs: 20 });
  const manifestSize = 4 * 1024 * 1024;
  const reader = 64 * 1024;
  const { request } = fakeApp({}, { limits: { bodies, uploadIdleTimeout: 1000 } });
  const held = Array.from({ length: 300 }, () => {
    const { stream } = source([reader], "stall");
    const headers = { "Content-Length": `${manifestSize}`, "Content-Type": "application/json" };
    return request("/v2/a/manifests/latest", { method: "PUT", body: stream, headers });
  });
  const statuses = await Promise.all(held.slice(15).map(async (response) => (await response).status));
  assertEquals(new Set(statuses), new Set([503]));
  assertEquals([bodies.held, bodies.waiting], [15 * (manifestSize + reader), 0]);
  assertEquals(new Set((await Promise.all(held.slice(0, 15))).map(({ status }) => status)), new Set([408]));
  assertEquals(bodies.held, 0);
});

Deno.test("BodyBudget reports a wait to telemetry, which reads a budget with a name", async () => {
  using events = recording();
  const budget = new BodyBudget(100, { name: "manifests" });
  const first = await budget.take(60, ignore);
  const read = () =>
    ["used", "limit"].map((name) => events.read(`skerry.request_body.memory.${name}`, "manifests"));
  assertEquals(read(), [60, 100]);
  assertEquals(events.take(), []);
  const second = budget.take(60, ignore);
  first.release();
  (await second).release();
  assertEquals(events.take(), ["waited request-body"]);
  assertEquals(read(), [0, 100]);
});
