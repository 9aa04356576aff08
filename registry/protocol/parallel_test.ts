import { assertEquals, assertRejects } from "@std/assert";
import { forEachOf } from "./parallel.ts";

Deno.test("forEachOf() comes by every item, no more than its width at a time", async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await forEachOf([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    seen.push(item);
    running--;
  });
  assertEquals(seen.sort(), [1, 2, 3, 4, 5]);
  assertEquals(most, 2);
});

Deno.test("forEachOf() throws what failed, begins nothing after it, and leaves nothing running", async () => {
  const begun: number[] = [];
  let ended = 0;
  await assertRejects(
    () =>
      forEachOf([1, 2, 3, 4], 2, async (item) => {
        begun.push(item);
        if (item === 1) throw new Error("one");
        await Promise.resolve();
        await Promise.resolve();
        ended++;
      }),
    Error,
    "one",
  );
  assertEquals([begun, ended], [[1, 2], 1]);
});
