import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { inParallel, Tasks } from "./parallel.ts";

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

Deno.test("Tasks.fewerThan() waits for tasks that were added meanwhile", async () => {
  const tasks = new Tasks();
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  for (const { promise } of gates.slice(0, 2)) tasks.add(promise);
  let left = false;
  const waiting = tasks.fewerThan(1).then(() => left = true);
  await tasks.fewerThan(3);
  gates[0]!.resolve();
  await tasks.fewerThan(2);
  tasks.add(gates[2]!.promise);
  gates[1]!.resolve();
  await tasks.fewerThan(2);
  assertEquals([tasks.size, left], [1, false]);
  gates[2]!.resolve();
  await waiting;
  assertEquals(tasks.size, 0);
});

Deno.test("Tasks.throwFailure() throws the first failure once its task has ended, and no task rejects", async () => {
  const tasks = new Tasks();
  tasks.throwFailure();
  await tasks.add(Promise.reject(new Error("one")));
  await tasks.add(Promise.reject(new Error("two")));
  await tasks.add(Promise.resolve());
  assertThrows(() => tasks.throwFailure(), Error, "one");
});
