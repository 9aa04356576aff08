import { assertEquals } from "@std/assert";
import { Pace } from "./pace.ts";

/** A pace with a clock, and the pauses that it has made. */
function setUp(asked: number, leastPause = 0) {
  const clock = { now: 1_000_000, asked: { count: asked }, pauses: [] as number[] };
  const pace = new Pace({
    now: () => clock.now,
    asked: clock.asked,
    sleep: (milliseconds) => {
      clock.pauses.push(milliseconds);
      clock.now += milliseconds;
      return Promise.resolve();
    },
  }, { leastPause });
  const step = async (lateness: number) => {
    clock.now += 2;
    await pace.pause(lateness);
  };
  return { clock, step };
}

Deno.test("pause() gives way to requests, also in the gaps between them, and the less so the later the work is", async () => {
  const { clock, step } = setUp(0);
  await step(0);
  clock.asked.count++;
  for (const lateness of [0, 0, 0.5, 1, 7, -1]) await step(lateness);
  assertEquals(clock.pauses, [1, 30, 30, 15, 1, 1, 30]);
});

Deno.test("pause() is short once there was no request for a second", async () => {
  const { clock, step } = setUp(1);
  await step(0);
  clock.now += 1000;
  await step(0);
  assertEquals(clock.pauses, [30, 1]);
});

Deno.test("pause() beside requests lasts at least the required time, even if the work is late", async () => {
  const { clock, step } = setUp(1, 8);
  for (const lateness of [0, 1, 7]) await step(lateness);
  clock.now += 1000;
  await step(7);
  assertEquals(clock.pauses, [30, 16, 16, 1]);
});

Deno.test("pause() is 10 seconds at most when a step looks as if it had taken hours", async () => {
  const { clock, step } = setUp(1);
  clock.now += 8 * 60 * 60_000;
  clock.asked.count++;
  await step(0);
  assertEquals(clock.pauses, [10_000]);
});
