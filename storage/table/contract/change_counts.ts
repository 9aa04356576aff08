import { assert, assertEquals } from "@std/assert";
import { item, type Test } from "./fixtures.ts";

/** The change count, of drivers that have one. */
export function registerChangeCounts(test: Test): void {
  test("changeCount() changes with every write and with nothing else", async (table) => {
    if (table.changeCount === undefined) return;
    const seen = new Set([await table.changeCount()]);
    const isNew = async () => {
      const count = await table.changeCount!();
      const known = seen.has(count);
      seen.add(count);
      return !known;
    };
    const version = await table.put(item("s"), { ifAbsent: true });
    assert(await isNew(), "put");
    await table.get(item("s"));
    await table.query("p", { limit: 9 });
    assert(!await isNew(), "reads");
    await table.putMany([item("t"), item("u")]);
    assert(await isNew(), "putMany");
    assertEquals(await table.delete(item("s"), { ifVersion: version! }), true);
    assert(await isNew(), "delete");
  });
}
