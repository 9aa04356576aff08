import { assert, assertEquals, assertRejects } from "@std/assert";
import { inParallel } from "./parallel.ts";

Deno.test("inParallel() runs every value, at most its width at a time", async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    seen.push(item);
    running--;
  });
  assertEquals(seen.sort(), [1, 2, 3, 4, 5]);
  assertEquals(most, 2);
});

Deno.test("inParallel() throws the first failure, starts nothing after it, and leaves nothing running", async () => {
  const begun: number[] = [];
  let ended = 0;
  await assertRejects(
    () =>
      inParallel([1, 2, 3, 4], 2, async (item) => {
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

Deno.test("inParallel() gives the results in the order of the values", async () => {
  let running = 0;
  let most = 0;
  const run = async (value: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, value % 3));
    running--;
    return value * 2;
  };
  assertEquals(await inParallel([1, 2, 3, 4, 5, 6, 7], 3, run), [2, 4, 6, 8, 10, 12, 14]);
  assertEquals(most, 3);
  const begun: number[] = [];
  const failing = async (value: number) => {
    begun.push(value);
    await Promise.resolve();
    if (value === 2) throw new TypeError("No");
  };
  await assertRejects(() => inParallel([1, 2, 3, 4, 5, 6, 7, 8, 9], 2, failing), TypeError, "No");
  assert(begun.length <= 4, `${begun}`);
});
