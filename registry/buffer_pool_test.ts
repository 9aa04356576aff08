import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { BufferPool } from "./buffer_pool.ts";

Deno.test("BufferPool gives out again what was given back, and nothing twice", () => {
  const pool = new BufferPool(8);
  const first = pool.take();
  const second = pool.take();
  assertNotEquals(first.buffer === second.buffer, true);
  pool.give(first.subarray(0, 3));
  const third = pool.take();
  assertStrictEquals(third.buffer, first.buffer);
  assertEquals([third.byteOffset, third.length], [0, 8]);
  assertNotEquals(pool.take().buffer === first.buffer, true);
});

Deno.test("BufferPool keeps no buffer of another size, and no more than 32 MiB", () => {
  const size = 16 * 1024 * 1024;
  const pool = new BufferPool(size);
  const odd = new Uint8Array(8);
  pool.give(odd);
  const taken = [pool.take(), pool.take(), pool.take()];
  for (const buffer of taken) pool.give(buffer);
  const again = new Set([pool.take().buffer, pool.take().buffer, pool.take().buffer]);
  assertEquals(taken.filter(({ buffer }) => again.has(buffer)).length, 2);
});
