import { type ObjectStore, readAll, type StoredObject } from "../objects/mod.ts";
import { expect, type Probe } from "./probe.ts";

/** Object store under test, and a key prefix in it that no other process writes. */
export interface ObjectSubject {
  /** With the smallest parts that the driver allows. */
  objects: ObjectStore;
  /** Prefix of the keys that a probe writes. */
  prefix: string;
}

const TEXT = new TextEncoder().encode("tried by skerry check");

/** Probes of an object store's capabilities, through the driver under test. */
export const objectProbes: Probe<ObjectSubject>[] = [
  {
    capability: "store an object and read it",
    async run({ objects, prefix }) {
      await objects.put(`${prefix}whole`, TEXT);
      const object = await objects.get(`${prefix}whole`);
      expect(object !== undefined, "What was just stored is not there");
      expect(object.size === TEXT.length, `The store tells ${object.size} bytes of ${TEXT.length}`);
      expect(await hasContent(object, TEXT), "What is read is not what was stored");
      expect(await objects.size(`${prefix}whole`) === TEXT.length, "HEAD tells another size");
    },
  },
  {
    capability: "read a range",
    async run({ objects, prefix }) {
      const object = await objects.get(`${prefix}whole`, { first: 2, last: 5 });
      expect(object !== undefined, "What was just stored is not there");
      expect(await hasContent(object, TEXT.slice(2, 6)), "Other bytes came than those asked for");
      expect(object.size === TEXT.length, "The size of the whole is not told with a range");
    },
  },
  {
    capability: "tell that an object is absent",
    async run({ objects, prefix }) {
      expect(await objects.size(`${prefix}absent`) === undefined, "HEAD finds what was never stored");
      const object = await objects.get(`${prefix}absent`);
      await object?.body.cancel();
      expect(object === undefined, "GET finds what was never stored");
    },
  },
  {
    capability: "list keys in their order, in pages",
    async run({ objects, prefix }) {
      const keys = ["list-b", "list/c", "list0", "lists"].map((name) => prefix + name); // "-" < "/" < "0" < "s"
      for (const key of keys.toReversed()) await objects.put(key, TEXT);
      const first = await objects.list(`${prefix}list`, { limit: 3 });
      const rest = await objects.list(`${prefix}list`, { limit: 3, after: first.at(-1) ?? "" });
      expect([...first, ...rest].join() === keys.join(), `Keys came as ${[...first, ...rest].join(", ")}`);
    },
  },
  {
    capability: "store an object in parts",
    async run({ objects, prefix }) {
      const key = `${prefix}parts`;
      await complete(objects, key);
      expect(
        await objects.size(key) === objects.partSize + TEXT.length,
        "The parts have another size in all",
      );
      const border = { first: objects.partSize - 1, last: objects.partSize };
      const object = await objects.get(key, border);
      expect(object !== undefined, "What was just completed is not there");
      expect(await hasContent(object, Uint8Array.of(1, TEXT[0]!)), "The parts are not in their order");
    },
  },
  {
    capability: "complete parts once more",
    async run({ objects, prefix }) {
      const key = `${prefix}twice`;
      const again = await complete(objects, key);
      await again();
      expect(await objects.size(key) === objects.partSize + TEXT.length, "It is another object now");
    },
  },
  {
    capability: "list and abort parts",
    async run({ objects, prefix }) {
      const key = `${prefix}aborted`;
      const id = await objects.startParts(key);
      await objects.putPart(key, id, 1, TEXT);
      const begun = await objects.listParts(key, 10);
      expect(begun.some(({ partsId }) => partsId === id), "Parts that were begun are not listed");
      await objects.abortParts(key, id);
      expect((await objects.listParts(key, 10)).length === 0, "Parts are there after they were aborted");
    },
  },
  {
    capability: "delete objects, absent ones too",
    async run({ objects, prefix }) {
      await objects.delete([`${prefix}whole`, `${prefix}absent`]);
      expect(await objects.size(`${prefix}whole`) === undefined, "What was deleted is still there");
    },
  },
];

/** Stores a part of full size and a short one, and answers how to complete them again. */
async function complete(objects: ObjectStore, key: string): Promise<() => Promise<void>> {
  const id = await objects.startParts(key);
  const contents = [new Uint8Array(objects.partSize).fill(1), TEXT];
  const parts = await Promise.all(
    contents.map((bytes, index) => objects.putPart(key, id, index + 1, bytes)),
  );
  const finish = () => objects.completeParts(key, id, parts);
  await finish();
  return finish;
}

async function hasContent({ body }: StoredObject, bytes: Uint8Array): Promise<boolean> {
  const read = await readAll(body);
  return read.length === bytes.length && read.every((byte, index) => byte === bytes[index]);
}

/** Removes whatever the probes have left. */
export async function removeProbes({ objects, prefix }: ObjectSubject): Promise<void> {
  for (const { key, partsId } of await objects.listParts(prefix, 100)) await objects.abortParts(key, partsId);
  await objects.delete(await objects.list(prefix, { limit: 100 }));
}
