import { assertEquals, assertRejects } from "@std/assert";
import type { Observer } from "../../telemetry/observer.ts";
import { MemoryObjectStore, MemoryTable } from "../mod.ts";
import { objectStoreContract } from "../objects/contract/mod.ts";
import { tableContract } from "../table/contract/mod.ts";
import { observedObjects, observedTable } from "./mod.ts";

/** Observer of calls and transfers, and its report. */
function observing() {
  const seen: string[] = [];
  const observer = {
    call(store, operation, run) {
      seen.push(`${store} ${operation}`);
      return run();
    },
    transferred: (direction, bytes) => void seen.push(`${direction} ${bytes}`),
  } as Partial<Observer> as Observer;
  return { observer, take: () => seen.splice(0) };
}

const { observer } = observing();
const dispose = { [Symbol.asyncDispose]: () => Promise.resolve() };

tableContract(
  "observedTable()",
  () => Promise.resolve({ table: observedTable(new MemoryTable(), observer), ...dispose }),
);

objectStoreContract(
  "observedObjects()",
  () => {
    const store = observedObjects(new MemoryObjectStore({ partSize: 1000, verifies: true }), observer);
    return Promise.resolve({ store, ...dispose });
  },
  { verifiesContent: true },
);

Deno.test("observedTable() reports every call but a change count", async () => {
  const { observer, take } = observing();
  const table = observedTable(new MemoryTable(), observer);
  const [key, item] = [{ pk: "p", sk: "s" }, { pk: "p", sk: "s", attributes: {} }];
  const version = await table.put(item, { ifAbsent: true });
  await table.get(key);
  await table.getMany([key]);
  await table.delete(key, { ifVersion: version! });
  await table.putMany([item]);
  await table.query("p", { limit: 1 });
  await table.queryKeys("p", { limit: 1 });
  await table.queryIndex("p", { limit: 1 });
  await table.scan({ limit: 1 });
  await table.changeCount?.();
  const calls = ["put", "get", "getMany", "delete", "putMany", "query", "queryKeys", "queryIndex", "scan"];
  assertEquals(take(), calls.map((call) => `table ${call}`));
});

Deno.test("observedObjects() reports calls, and the bytes of the ones that succeeded", async () => {
  const { observer, take } = observing();
  const memory = new MemoryObjectStore({ partSize: 1000 });
  const objects = observedObjects(memory, observer);
  await objects.put("a", new Uint8Array(10));
  await (await objects.get("a"))!.body.cancel();
  await (await objects.get("a", { first: 2, last: 9 }))!.body.cancel();
  assertEquals(await objects.get("absent"), undefined);
  assertEquals(take(), [
    "objects put",
    "write 10",
    "objects get",
    "read 10",
    "objects get",
    "read 8",
    "objects get",
  ]);
  assertEquals(objects.putStream, undefined);
  await assertRejects(() => objects.put("Not a key", new Uint8Array(1)), RangeError);
  assertEquals(take(), ["objects put"]);
});
