import { assertEquals, assertRejects } from "@std/assert";
import { forEachChunk } from "./batches.ts";

const NINE = [1, 2, 3, 4, 5, 6, 7, 8, 9];

Deno.test("forEachChunk() gives every value once, so many at a time and so many times at once", async () => {
  const chunks: number[][] = [];
  let running = 0;
  let most = 0;
  await forEachChunk(NINE, { size: 2, parallel: 3 }, async (chunk) => {
    most = Math.max(most, ++running);
    chunks.push(chunk);
    await Promise.resolve();
    running--;
  });
  assertEquals(chunks, [[1, 2], [3, 4], [5, 6], [7, 8], [9]]);
  assertEquals(most, 3);
});

Deno.test("forEachChunk() begins nothing after a failure, and rejects when all that was begun has ended", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const failed = Promise.withResolvers<void>();
  const all = forEachChunk(NINE, { size: 1, parallel: 2 }, async (chunk) => {
    begun.push(...chunk);
    if (chunk[0] === 1) throw new Error("The first fails");
    await failed.promise;
    ended.push(...chunk);
  });
  const rejected = assertRejects(() => all, Error, "The first fails");
  await Promise.resolve();
  failed.resolve();
  await rejected;
  assertEquals([begun, ended], [[1, 2], [2]]);
});
