import { assert, assertEquals, assertRejects } from "@std/assert";
import { UnavailableError } from "../storage/mod.ts";
import { batches, parallel, patiently } from "./flow.ts";

Deno.test("batches() hands on so many values at a time, and the rest", async () => {
  async function* values() {
    yield* [1, 2, 3, 4, 5];
  }
  assertEquals(await Array.fromAsync(batches(values(), 2)), [[1, 2], [3, 4], [5]]);
});

Deno.test("parallel() keeps the order, runs so many at once, and begins none after a failure", async () => {
  let running = 0;
  let most = 0;
  const run = async (value: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, value % 3));
    running--;
    return value * 2;
  };
  assertEquals(await parallel([1, 2, 3, 4, 5, 6, 7], 3, run), [2, 4, 6, 8, 10, 12, 14]);
  assertEquals(most, 3);
  const begun: number[] = [];
  const failing = async (value: number) => {
    begun.push(value);
    await Promise.resolve();
    if (value === 2) throw new TypeError("No");
  };
  await assertRejects(() => parallel([1, 2, 3, 4, 5, 6, 7, 8, 9], 2, failing), TypeError, "No");
  assert(begun.length <= 4, `${begun}`);
});

Deno.test("patiently() calls again while the store does not answer, and no other failure", async () => {
  let calls = 0;
  const answer = await patiently(() => {
    if (++calls < 2) throw new UnavailableError("read", undefined);
    return Promise.resolve("answer");
  });
  assertEquals([answer, calls], ["answer", 2]);
  await assertRejects(() => patiently(() => Promise.reject(new TypeError("No"))), TypeError);
});
