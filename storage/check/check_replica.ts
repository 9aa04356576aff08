import type { ObjectStore, Table } from "../ports.ts";
import { expect, type Finding, type Probe, tryAll } from "./probe.ts";

/** Content of the home store that is looked for in a replica. */
const SAMPLE = 20;

/** A home store, and a replica of it. */
interface Pair<Store> {
  home: Store;
  replica: Store;
}

const BUCKET_PROBES: Probe<Pair<ObjectStore>>[] = [
  {
    capability: "tell that an object is absent",
    async run({ replica }) {
      const size = await replica.size(`probe/${crypto.randomUUID()}`);
      expect(size === undefined, "The replica has an object that does not exist");
    },
  },
  {
    capability: "have the content of the home bucket",
    otherwise: "Content that is absent is read at home",
    async run({ home, replica }) {
      const keys = await home.list("", { limit: SAMPLE });
      const isThere = await Promise.all(
        keys.map(async (key) => await replica.size(key) === await home.size(key)),
      );
      expectAll(isThere, "objects");
    },
  },
];

const TABLE_PROBES: Probe<Pair<Table>>[] = [
  {
    capability: "tell that an item is absent",
    async run({ replica }) {
      const item = await replica.get({ pk: `probe#${crypto.randomUUID()}`, sk: "probe" });
      expect(item === undefined, "The replica has an item that does not exist");
    },
  },
  {
    capability: "have the items of the home table",
    otherwise: "What is absent is read at home",
    async run({ home, replica }) {
      const { items } = await home.scan({ limit: SAMPLE });
      const copies = await replica.getMany(items);
      expectAll(items.map(({ version }, index) => copies[index]?.version === version), "items");
    },
  },
];

function expectAll(found: boolean[], what: string): void {
  const missing = found.filter((isThere) => !isThere).length;
  expect(missing === 0, `${missing} of ${found.length} ${what} are absent or differ`);
}

/** Checks that a bucket can be read as a replica of the home bucket. Writes nothing. */
export function checkReplicaBucket(home: ObjectStore, replica: ObjectStore): Promise<Finding[]> {
  return tryAll(BUCKET_PROBES, { home, replica });
}

/** Checks that a table can be read as a replica of the home table. Writes nothing. */
export function checkReplicaTable(home: Table, replica: Table): Promise<Finding[]> {
  return tryAll(TABLE_PROBES, { home, replica });
}
