import { assertEquals } from "@std/assert";
import { Pace } from "./pace.ts";

Deno.test("Pace.take() lets no more through than its rate, and makes up for no pause", async () => {
  const clock = { now: 5000 };
  const pace = new Pace(1000, () => clock.now, (wait) => Promise.resolve(void (clock.now += wait)));
  for (let i = 0; i < 10; i++) await pace.take(500);
  assertEquals(clock.now, 10_000);
  clock.now += 60_000;
  await pace.take(1000);
  assertEquals(clock.now, 71_000);
});

Deno.test("Pace.take() waits for concurrent calls", async () => {
  const clock = { now: 0 };
  const waits: number[] = [];
  const pace = new Pace(1000, () => clock.now, (wait) => Promise.resolve(void waits.push(wait)));
  await Promise.all([pace.take(1000), pace.take(1000)]);
  assertEquals(waits, [1000, 2000]);
});

Deno.test("Pace.take() never waits without a bound", async () => {
  const pace = new Pace(Infinity, () => 0, () => Promise.reject(new Error("waited")));
  await pace.take(2 ** 40);
});
