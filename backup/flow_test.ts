import { assertEquals, assertRejects } from "@std/assert";
import { UnavailableError } from "../storage/mod.ts";
import { batches, retryUnavailable } from "./flow.ts";

Deno.test("batches() hands on so many values at a time, and the rest", async () => {
  async function* values() {
    yield* [1, 2, 3, 4, 5];
  }
  assertEquals(await Array.fromAsync(batches(values(), 2)), [[1, 2], [3, 4], [5]]);
});

Deno.test("retryUnavailable() calls again while the store does not answer, and no other failure", async () => {
  let calls = 0;
  const answer = await retryUnavailable(() => {
    if (++calls < 2) throw new UnavailableError("read", undefined);
    return Promise.resolve("answer");
  });
  assertEquals([answer, calls], ["answer", 2]);
  await assertRejects(() => retryUnavailable(() => Promise.reject(new TypeError("No"))), TypeError);
});
