import { assert, assertEquals, assertRejects } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SharedReads } from "./shared_reads.ts";

Deno.test("get() reads once for equal calls of one turn", async () => {
  const shared = new SharedReads<number>();
  const reads: string[] = [];
  const read = (key: string) => shared.get(key, () => Promise.resolve(reads.push(key)));
  assertEquals(await Promise.all([read("a"), read("b"), read("a")]), [1, 2, 1]);
  assertEquals(reads, ["a", "b"]);
});

Deno.test("get() never returns a read that began before the call", async () => {
  const shared = new SharedReads<string>();
  let value = "old";
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const first = shared.get("a", async () => {
    const seen = value;
    begun.resolve();
    await held;
    return seen;
  });
  await begun.promise;
  value = "new";
  const second = shared.get("a", () => Promise.resolve(value));
  release();
  assertEquals([await first, await second], ["old", "new"]);
});

Deno.test("get() shares a failure and reads again after it", async () => {
  const shared = new SharedReads<number>();
  const failing = () => shared.get("a", () => Promise.reject(new Error("gone")));
  const attempts = [failing(), failing()];
  for (const attempt of attempts) await assertRejects(() => attempt, Error, "gone");
  assertEquals(await shared.get("a", () => Promise.resolve(1)), 1);
});

Deno.test("get() has four reads of a key under way at most, and later callers share the next to begin", async () => {
  const shared = new SharedReads<number>();
  const running: (() => void)[] = [];
  let begun = 0;
  const read = () => {
    const number = ++begun;
    return new Promise<number>((resolve) => running.push(() => resolve(number)));
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const answers: Promise<number>[] = [];
  for (let n = 0; n < 9; n++) {
    answers.push(shared.get("a", read));
    await turn();
  }
  assertEquals(begun, 4);
  const other = shared.get("b", read);
  await turn();
  assertEquals(begun, 5, "of another key");
  running[2]!();
  await answers[2];
  await turn();
  assertEquals(begun, 6);
  running.forEach((end) => end());
  assertEquals(await Promise.all(answers), [1, 2, 3, 4, 6, 6, 6, 6, 6]);
  assertEquals(await other, 5);
});

Deno.test("get() forgets a key when its reads have ended", async () => {
  const shared = new SharedReads<void>();
  const before = heldBytes();
  for (let i = 0; i < 300; i++) {
    const key = `${i}`.padEnd(200_000, "x");
    await shared.get(key, () => Promise.resolve());
  }
  const held = heldBytes() - before;
  assert(held < 20_000_000, `${held} bytes are held`);
  await shared.get("a", () => Promise.resolve());
});

/** Bytes of the heap after a collection of garbage. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}
