import { type ObjectStore, readAll, type StoredObject } from "../objects/mod.ts";
import { expect, type Probe } from "./probe.ts";

/** Object store under test, and a key prefix in it that no other process writes. */
export interface ObjectSubject {
  /** With the smallest parts that the driver allows. */
  objects: ObjectStore;
  /** Prefix of the keys that a probe writes. */
  prefix: string;
}

const TEXT = new TextEncoder().encode("tested by skerry check");

/** Probes of an object store's capabilities, through the driver under test. */
export const objectProbes: Probe<ObjectSubject>[] = [
  {
    capability: "store an object and read it",
    async run({ objects, prefix }) {
      await objects.put(`${prefix}whole`, TEXT);
      const object = await objects.get(`${prefix}whole`);
      expect(object !== undefined, "The object that was just stored is missing");
      expect(object.size === TEXT.length, `The store reports ${object.size} bytes instead of ${TEXT.length}`);
      expect(await hasContent(object, TEXT), "The content read differs from the content stored");
      expect(await objects.size(`${prefix}whole`) === TEXT.length, "HEAD reports a wrong size");
    },
  },
  {
    capability: "read a range",
    async run({ objects, prefix }) {
      const object = await objects.get(`${prefix}whole`, { first: 2, last: 5 });
      expect(object !== undefined, "The object that was just stored is missing");
      expect(await hasContent(object, TEXT.slice(2, 6)), "The store returned other bytes than requested");
      expect(object.size === TEXT.length, "The answer to a range lacks the size of the object");
    },
  },
  {
    capability: "report a missing object",
    async run({ objects, prefix }) {
      expect(
        await objects.size(`${prefix}absent`) === undefined,
        "HEAD finds an object that was never stored",
      );
      const object = await objects.get(`${prefix}absent`);
      await object?.body.cancel();
      expect(object === undefined, "GET finds an object that was never stored");
    },
  },
  {
    capability: "list keys in order, with pagination",
    async run({ objects, prefix }) {
      const keys = ["list-b", "list/c", "list0", "lists"].map((name) => prefix + name); // "-" < "/" < "0" < "s"
      for (const key of keys.toReversed()) await objects.put(key, TEXT);
      const first = await objects.list(`${prefix}list`, { limit: 3 });
      const rest = await objects.list(`${prefix}list`, { limit: 3, after: first.at(-1) ?? "" });
      expect(
        [...first, ...rest].join() === keys.join(),
        `The keys were listed as ${[...first, ...rest].join(", ")}`,
      );
    },
  },
  {
    capability: "store an object in parts",
    async run({ objects, prefix }) {
      const key = `${prefix}parts`;
      await complete(objects, key);
      expect(
        await objects.size(key) === objects.partSize + TEXT.length,
        "The total size of the parts is wrong",
      );
      const border = { first: objects.partSize - 1, last: objects.partSize };
      const object = await objects.get(key, border);
      expect(object !== undefined, "The object that was just completed is missing");
      expect(await hasContent(object, Uint8Array.of(1, TEXT[0]!)), "The parts are in the wrong order");
    },
  },
  {
    capability: "complete the same parts again",
    async run({ objects, prefix }) {
      const key = `${prefix}twice`;
      const again = await complete(objects, key);
      await again();
      expect(await objects.size(key) === objects.partSize + TEXT.length, "The object has changed");
    },
  },
  {
    capability: "list and abort parts",
    async run({ objects, prefix }) {
      const key = `${prefix}aborted`;
      const id = await objects.startParts(key);
      await objects.putPart(key, id, 1, TEXT);
      const begun = await objects.listParts(key, 10);
      expect(begun.some(({ partsId }) => partsId === id), "An open multipart upload is not listed");
      await objects.abortParts(key, id);
      expect((await objects.listParts(key, 10)).length === 0, "Parts remain after they were aborted");
    },
  },
  {
    capability: "delete objects, including missing ones",
    async run({ objects, prefix }) {
      await objects.delete([`${prefix}whole`, `${prefix}absent`]);
      expect(await objects.size(`${prefix}whole`) === undefined, "A deleted object still exists");
    },
  },
];

/** Stores a full part and a short one, and completes them. Returns a function that completes them again. */
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
