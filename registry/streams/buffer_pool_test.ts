import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BufferPool } from "./buffer_pool.ts";
import { recording } from "../../telemetry/testing/recording.ts";

const patient = { yield() {} };

Deno.test("take() reuses returned buffers, each only once", async () => {
  const pool = new BufferPool(8, 4);
  const first = await pool.take(patient);
  assertNotStrictEquals((await pool.take(patient)).buffer, first.buffer);
  pool.give(first.subarray(0, 3));
  const third = await pool.take(patient);
  assertStrictEquals(third.buffer, first.buffer);
  assertEquals([third.byteOffset, third.length], [0, 8]);
  assertNotStrictEquals((await pool.take(patient)).buffer, first.buffer);
});

Deno.test("give() keeps every buffer of the pool, and none of another size", async () => {
  const pool = new BufferPool(16, 3);
  pool.give(new Uint8Array(8));
  const taken = [await pool.take(patient), await pool.take(patient), await pool.take(patient)];
  for (const buffer of taken) pool.give(buffer);
  const again = [await pool.take(patient), await pool.take(patient), await pool.take(patient)];
  assertEquals(new Set(again.map(({ buffer }) => buffer)), new Set(taken.map(({ buffer }) => buffer)));
});

Deno.test("take() waits in turn where all buffers are taken", async () => {
  const pool = new BufferPool(8, 1);
  const got: string[] = [];
  const first = await pool.take(patient);
  const waiting = ["second", "third"].map(async (name) => {
    const buffer = await pool.take(patient);
    got.push(name);
    pool.give(buffer);
  });
  await Promise.resolve();
  assertEquals(got, []);
  pool.give(first);
  await Promise.all(waiting);
  assertEquals(got, ["second", "third"]);
});

Deno.test("spend() always returns the buffer, but replaces its memory if a failed write may still read it", async () => {
  const pool = new BufferPool(8, 1);
  const first = await pool.take(patient);
  await pool.spend(first, () => Promise.reject(new Error("no"))).catch(() => {});
  const second = await pool.take(patient);
  assertNotStrictEquals(second.buffer, first.buffer);
  assertEquals(await pool.spend(second, () => Promise.resolve("done")), "done");
  assertStrictEquals((await pool.take(patient)).buffer, second.buffer);
});

Deno.test("take() makes the longest holders yield, one for each waiting client", async () => {
  const pool = new BufferPool(8, 3, { patience: 1 });
  const yielded: string[] = [];
  const take = async (name: string) => {
    const buffer = await pool.take({
      yield() {
        yielded.push(name);
        pool.give(buffer);
      },
    });
    return buffer;
  };
  const full = { yield: () => void yielded.push("full") };
  await pool.take(full);
  pool.filled(full);
  await take("slow");
  await take("slower");
  const third = await take("waiting");
  assertEquals(yielded, ["slow"]);
  pool.give(third);
});

Deno.test("take() reports a wait to telemetry, which reads the use of the pool", async () => {
  using events = recording();
  const pool = new BufferPool(8, 2);
  const first = await pool.take(patient);
  const read = () =>
    ["buffers.used", "buffers.limit", "buffers.waiting", "memory.used", "memory.limit"]
      .map((name) => events.read(`skerry.upload.${name}`));
  assertEquals(read(), [1, 2, 0, 8, 16]);
  await pool.take(patient);
  assertEquals(events.take(), []);
  const third = pool.take(patient);
  assertEquals(read(), [2, 2, 1, 16, 16]);
  pool.give(first);
  await third;
  assertEquals(events.take(), ["waited upload-buffer"]);
});
