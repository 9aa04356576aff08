import { assertEquals } from "@std/assert";
import { MemoryTable } from "./memory.ts";
import { tableContract } from "./contract/mod.ts";

tableContract("MemoryTable", () =>
  Promise.resolve({
    table: new MemoryTable(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));

Deno.test("MemoryTable put() takes its versions from newVersion when it is given", async () => {
  let n = 0;
  const table = new MemoryTable({ newVersion: () => `v${++n}` });
  const item = { pk: "p", sk: "s", attributes: {} };
  assertEquals(await table.put(item, { ifAbsent: true }), "v1");
  assertEquals(await table.put(item, { ifVersion: "v1" }), "v2");
});
