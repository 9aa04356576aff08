import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../oci/errors.ts";
import { fakeApp } from "../tests/harness/app.ts";
import { source } from "../tests/harness/body_source.ts";
import { BodyBudget } from "./body_budget.ts";

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

Deno.test("BodyBudget.take() has room for what is larger than the budget when nothing else is there", async () => {
  const budget = new BodyBudget(100);
  const hold = await budget.take(1000, ignore);
  assertEquals(budget.held, 100);
  hold.release();
  assertEquals(budget.held, 0);
});

Deno.test("BodyBudget.take() refuses politely what has waited long enough", async () => {
  const budget = new BodyBudget(100, { waitMs: 10 });
  const hold = await budget.take(100, ignore);
  hold.arrived(100); // so that nothing is given up
  const error = await assertRejects(() => budget.take(1, ignore), RegistryError);
  assertEquals([error.status, error.headers], [503, { "Retry-After": "2" }]);
  assertEquals(budget.waiting, 0);
  hold.release();
  (await budget.take(100, ignore)).release();
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
