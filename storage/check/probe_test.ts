import { assert, assertEquals } from "@std/assert";
import { MemoryObjectStore, MemoryTable, type ObjectStore, type Table } from "../mod.ts";
import { objectProbes, type ObjectSubject, removeProbes } from "./object_probes.ts";
import { type Finding, reasonOf, Refuted, suffices, tryAll } from "./probe.ts";
import { removeItems, tableProbes, type TableSubject } from "./table_probes.ts";

/** A store with some methods of its own and the rest of another's. */
function differing<T extends object>(good: T, own: Partial<T>): T {
  return new Proxy(good, {
    get(_, name) {
      const owner = Object.hasOwn(own, name) ? own : good;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === "function" ? value.bind(owner) : value;
    },
  });
}

function objectsWith(own: (good: ObjectStore) => Partial<ObjectStore> = () => ({})): ObjectSubject {
  const good = new MemoryObjectStore({ partSize: 64 });
  return { objects: differing<ObjectStore>(good, own(good)), prefix: "probe/0123/" };
}

function itemsWith(own: (good: Table) => Partial<Table> = () => ({})): TableSubject {
  const good = new MemoryTable();
  return { table: differing<Table>(good, own(good)), pk: "probe#0123", indexLag: 10 };
}

/** The capabilities that were found missing. */
function missing(findings: Finding[]): string[] {
  return findings.filter(({ works }) => works === false).map(({ capability }) => capability);
}

Deno.test("tryAll() finds nothing wrong with stores that pass the contracts, and leaves nothing in them", async () => {
  const objects = objectsWith();
  const items = itemsWith();
  for (const findings of [await tryAll(objectProbes, objects), await tryAll(tableProbes, items)]) {
    assertEquals(missing(findings), []);
    assert(suffices(findings));
  }
  await objects.objects.startParts(`${objects.prefix}begun`);
  await removeProbes(objects);
  await removeItems(items);
  assertEquals(await objects.objects.list("", { limit: 1 }), []);
  assertEquals(await objects.objects.listParts("", 1), []);
  assertEquals(await items.table.query(items.pk, { limit: 1 }), []);
});

Deno.test("tryAll() names the defects of an object store", async () => {
  const wrong: [string, (good: ObjectStore) => Partial<ObjectStore>][] = [
    ["store an object and read it", (good) => ({
      async get(key, range) {
        const found = await good.get(key, range);
        const inverted = Array.fromAsync(found?.body ?? [], (chunk) => chunk.map((byte) => 255 - byte));
        return found && { ...found, body: ReadableStream.from(await inverted) };
      },
    })],
    ["read a range", (good) => ({ get: (key) => good.get(key) })],
    ["report a missing object", (good) => ({ size: async (key) => await good.size(key) ?? 0 })],
    [
      "list keys in order, with pagination",
      (good) => ({ list: (prefix) => good.list(prefix, { limit: 4 }) }),
    ],
    ["store an object in parts", () => ({ completeParts: () => Promise.resolve() })],
    ["list and abort parts", () => ({ listParts: () => Promise.resolve([]) })],
    ["list and abort parts", () => ({ abortParts: () => Promise.resolve() })],
    ["delete objects, including missing ones", () => ({ delete: () => Promise.resolve() })],
  ];
  for (const [capability, own] of wrong) {
    const findings = await tryAll(objectProbes, objectsWith(own));
    assert(missing(findings).includes(capability), `${capability}: ${JSON.stringify(findings)}`);
    assert(!suffices(findings));
  }
});

Deno.test("tryAll() names a store that can't complete the same parts again", async () => {
  const completed = new Set<string>();
  const subject = objectsWith((good) => ({
    async completeParts(key, id, parts) {
      if (completed.has(id)) throw new Error("NoSuchUpload");
      await good.completeParts(key, id, parts);
      completed.add(id);
    },
  }));
  assertEquals(missing(await tryAll(objectProbes, subject)), ["complete the same parts again"]);
});

Deno.test("tryAll() names the defects of a table", async () => {
  const byLocale = (a: { sk: string }, b: { sk: string }) => a.sk.localeCompare(b.sk, "en");
  const wrong: [string, (good: Table) => Partial<Table>][] = [
    ["write an item and read it consistently", (good) => ({
      get: async (key) => {
        const { bytes: _, ...item } = (await good.get(key))!;
        return item;
      },
    })],
    ["write with a condition", (good) => ({
      put: async (item) => {
        await good.putMany([item]);
        return (await good.get(item))!.version;
      },
    })],
    ["write with a condition", () => ({ delete: () => Promise.resolve(true) })],
    ["read and write several items at once", (good) => ({
      getMany: async (keys) => (await good.getMany(keys)).filter((item) => item !== undefined),
    })],
    ["query items in order, with pagination", (good) => ({
      query: async (pk, options) => (await good.query(pk, options)).toSorted(byLocale),
    })],
    ["query the index", () => ({ queryIndex: () => Promise.resolve([]) })],
    ["query items in order, with pagination", (good) => ({ query: (pk) => good.query(pk, { limit: 9 }) })],
  ];
  for (const [capability, own] of wrong) {
    const findings = await tryAll(tableProbes, itemsWith(own));
    assert(missing(findings).includes(capability), `${capability}: ${JSON.stringify(findings)}`);
    assert(!suffices(findings));
  }
});

Deno.test("tryAll() tries nothing more where not even the first probe succeeds", async () => {
  const outage = new Error("Cannot store the object", { cause: new TypeError("connection refused") });
  const findings = await tryAll(objectProbes, objectsWith(() => ({ put: () => Promise.reject(outage) })));
  assertEquals(findings.map(({ works }) => works), [
    false,
    ...Array(objectProbes.length - 1).fill(undefined),
  ]);
  assertEquals(findings[0]!.note, "Cannot store the object: connection refused (TypeError)");
  assert(!suffices(findings));
});

Deno.test("suffices() ignores optional capabilities", async () => {
  const run = () => Promise.reject(new Refuted("It was ignored"));
  const findings = await tryAll([{ capability: "fly", otherwise: "It walks", run }], {});
  assertEquals(findings, [{
    capability: "fly",
    needed: false,
    works: false,
    note: "It was ignored. It walks",
  }]);
  assert(suffices(findings));
});

Deno.test("reasonOf() tells a reason in one line", () => {
  assertEquals(reasonOf(new Error("Two\nlines.")), "Two lines");
  assertEquals(reasonOf("text"), "text");
  const unnamed = Object.assign(new Error("UnknownError"), { name: "UnknownOperationException" });
  assertEquals(reasonOf(unnamed), "UnknownOperationException");
});
