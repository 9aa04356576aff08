import type { Table } from "../table/mod.ts";
import { pause } from "../timeout.ts";
import { expect, type Probe } from "./probe.ts";

/** Table under test, and a partition of it that no other process writes. */
export interface TableSubject {
  /** The table as the registry uses it. */
  table: Table;
  /** The partition of the probe, in the table and in the index. */
  pk: string;
  /** Maximum lag of the index behind the table, in milliseconds, before it counts as missing. */
  indexLag: number;
}

/** In the order of their UTF-8 bytes, which is not that of a dictionary, nor that of UTF-16. */
const ORDERED = ["order#10", "order#9", "order#Z", "order#a", "order#a-b", "order#\uFF5E", "order#\u{1F980}"];

/** Probes of a table's capabilities, through the driver under test. */
export const tableProbes: Probe<TableSubject>[] = [
  {
    capability: "write an item and read it consistently",
    async run({ table, pk }) {
      const bytes = Uint8Array.of(0, 255);
      const item = { pk, sk: "item", attributes: { list: [1, "a", null, { deep: true }], empty: "" }, bytes };
      await table.put(item, { ifAbsent: true });
      const read = await table.get(item, { consistent: true });
      expect(read !== undefined, "The item that was just written is missing");
      expect(JSON.stringify(read.attributes.list) === JSON.stringify(item.attributes.list), "Values changed");
      expect(read.attributes.empty === "" && read.bytes?.join() === bytes.join(), "Values changed");
    },
  },
  {
    capability: "write with a condition",
    async run({ table, pk }) {
      const item = { pk, sk: "condition", attributes: {} };
      const first = await table.put(item, { ifAbsent: true });
      expect(first !== undefined, "An absent item could not be written");
      expect(await table.put(item, { ifAbsent: true }) === undefined, "An existing item was overwritten");
      const second = await table.put(item, { ifVersion: first });
      expect(second !== undefined, "The current version was rejected");
      expect(await table.put(item, { ifVersion: first }) === undefined, "An old version was accepted");
      expect(!await table.delete(item, { ifVersion: first }), "A delete with an old version succeeded");
      expect(await table.delete(item, { ifVersion: second }), "A delete with the current version failed");
    },
  },
  {
    capability: "read and write several items at once",
    async run({ table, pk }) {
      const items = ORDERED.map((sk) => ({ pk, sk, attributes: { sk } }));
      await table.putMany(items.toReversed());
      const read = await table.getMany([...items, { pk, sk: "absent" }], { consistent: true });
      const found = read.map((item) => item?.attributes.sk).join();
      expect(found === [...ORDERED, undefined].join(), `The items were returned as ${found}`);
    },
  },
  {
    capability: "query items in order, with pagination",
    async run({ table, pk }) {
      const page = { prefix: "order#", limit: 4, consistent: true };
      const first = await table.query(pk, page);
      const rest = await table.query(pk, { ...page, after: first.at(-1)?.sk ?? "" });
      const found = [...first, ...rest].map(({ sk }) => sk).join();
      expect(found === ORDERED.join(), `The items were returned as ${found}`);
    },
  },
  {
    capability: "query the index",
    async run({ table, pk, indexLag }) {
      await table.putMany([{ pk, sk: "indexed", attributes: {}, index: { pk, sk: "place" } }]);
      const end = performance.now() + indexLag;
      while (!(await table.queryIndex(pk, { limit: 1 })).some(({ sk }) => sk === "indexed")) {
        expect(performance.now() < end, "An item was not found through the index");
        await pause(50);
      }
    },
  },
];

/** Removes whatever the probes have left. */
export async function removeItems({ table, pk }: TableSubject): Promise<void> {
  for (const { sk, version } of await table.query(pk, { limit: 100, consistent: true })) {
    await table.delete({ pk, sk }, { ifVersion: version });
  }
}
