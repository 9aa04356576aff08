import { assert, assertEquals, assertRejects } from "@std/assert";
import { LateWriteError } from "../../errors.ts";
import { Fence } from "../../fence.ts";
import { item, sortKeys, type Test } from "./fixtures.ts";

/** Writes that must not take effect after a point in time. */
export function registerFences(test: Test): void {
  const passed = new Fence(() => 1000, 1000);
  const open = new Fence(() => 1000, 61_000);

  test("put(), putMany() and delete() change nothing when their fence has passed", async (table) => {
    const version = await table.put(item("old"), { ifAbsent: true });
    assert(version);
    await assertRejects(() => table.put(item("new"), { ifAbsent: true }, passed), LateWriteError);
    await assertRejects(() => table.put(item("old"), { ifVersion: version }, passed), LateWriteError);
    await assertRejects(() => table.putMany([item("new")], passed), LateWriteError);
    await assertRejects(() => table.putMany([item("new"), item("old")], passed), LateWriteError);
    await assertRejects(() => table.delete(item("old"), { ifVersion: version }, passed), LateWriteError);
    assertEquals(await table.query("p", { limit: 9, consistent: true }), [{ ...item("old"), version }]);
  });

  test("put(), putMany() and delete() write when their fence is still to come", async (table) => {
    const version = await table.put(item("a"), { ifAbsent: true }, open);
    assert(version);
    await table.putMany([item("b"), item("c")], open);
    assertEquals(sortKeys(await table.query("p", { limit: 9, consistent: true })), ["a", "b", "c"]);
    assertEquals(await table.delete(item("a"), { ifVersion: version }, open), true);
    assertEquals(sortKeys(await table.query("p", { limit: 9, consistent: true })), ["b", "c"]);
  });

  test("put() past its fence fails alone when others come with it", async (table) => {
    const outcomes = await Promise.allSettled([
      table.put(item("a"), { ifAbsent: true }, open),
      table.put(item("b"), { ifAbsent: true }, passed),
      table.put(item("c"), { ifAbsent: true }),
    ]);
    assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assertEquals(sortKeys(await table.query("p", { limit: 9, consistent: true })), ["a", "c"]);
  });
}
