import { assertEquals, assertRejects } from "@std/assert";
import { ifUnchanged, repeatOnConflict, RETRY } from "./conflict.ts";
import { MemoryTable } from "./memory.ts";

Deno.test("repeatOnConflict() loses no change when many writers change one item", async () => {
  const table = new MemoryTable();
  const key = { pk: "p", sk: "s" };
  const add = () =>
    repeatOnConflict(async () => {
      const read = await table.get(key);
      const count = Number(read?.attributes.count ?? 0) + 1;
      return await table.put({ ...key, attributes: { count } }, ifUnchanged(read)) ?? RETRY;
    }, () =>
      "gave up", {
      attempts: 1000,
      sleep: () =>
        Promise.resolve(),
    });
  const versions = await Promise.all(Array.from({ length: 10 }, add));
  assertEquals((await table.get(key))?.attributes, { count: 10 });
  assertEquals(new Set(versions).size, 10);
});

Deno.test("repeatOnConflict() pauses from the fourth conflict on, and gives up after the last attempt", async () => {
  let made = 0;
  let pauses = 0;
  const sleep = (milliseconds: number) => {
    assertEquals(milliseconds >= 0 && milliseconds < 100, true);
    pauses++;
    return Promise.resolve();
  };
  const lose = () => Promise.resolve((made++, RETRY) as typeof RETRY);
  assertEquals(await repeatOnConflict(lose, () => "gave up", { attempts: 12, sleep }), "gave up");
  assertEquals([made, pauses], [12, 8]);
});

Deno.test("repeatOnConflict() makes no further attempt when the time is over", async () => {
  let made = 0;
  const lose = () => Promise.resolve((made++, RETRY) as typeof RETRY);
  const fail = () => {
    throw new RangeError("Too many");
  };
  await assertRejects(
    () => repeatOnConflict(lose, fail, { isOver: () => made === 2 }),
    RangeError,
    "Too many",
  );
  assertEquals(made, 2);
});

Deno.test("repeatOnConflict() throws an error of its step at once", async () => {
  const fail = () => Promise.reject<typeof RETRY>(new TypeError("No"));
  await assertRejects(() => repeatOnConflict(fail, () => {}), TypeError, "No");
});
