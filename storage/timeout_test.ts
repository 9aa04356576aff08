import { assertEquals, assertRejects } from "@std/assert";
import { withTimeout } from "./timeout.ts";

Deno.test("withTimeout() returns a result that arrives in time, and leaves no timer", async () => {
  assertEquals(await withTimeout(Promise.resolve(1), 60_000, () => 2), 1);
  await assertRejects(() => withTimeout(Promise.reject(new Error("own")), 60_000, () => 2), Error, "own");
});

Deno.test("withTimeout() gives the result of late() when nothing comes in time", async () => {
  const never = new Promise<number>(() => {});
  assertEquals(await withTimeout(never, 1, () => 2), 2);
  const fail = () => {
    throw new Error("late");
  };
  await assertRejects(() => withTimeout(never, 1, fail), Error, "late");
});
