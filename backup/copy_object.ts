import { createHash } from "node:crypto";
import { algorithmOf } from "../oci/mod.ts";
import { readObject } from "../registry/stored.ts";
import { type ObjectStore, pause } from "../storage/ports.ts";
import type { NamedObject } from "./kinds.ts";
import { ObjectWriter } from "./object_writer.ts";

/** Source and destination of a copy. */
export interface ObjectStores {
  /** Only read. */
  from: ObjectStore;
  /** Gets the objects, under the same keys. */
  to: ObjectStore;
  /** Bytes of the largest object that `to` can have. */
  largest?: number | undefined;
}

/** Parts of one request to list them. */
const PAGE_PARTS = 100;

/**
 * Copies an object, with one part of it in memory. An existing object of its key and size stays. The copy becomes
 * visible only after all of it matched the digest.
 *
 * @param progress Called with the number of bytes of each copied part.
 * @returns The reason why it cannot be copied; `undefined` if it exists now.
 */
export async function copyObject(
  { from, to, largest = Infinity }: ObjectStores,
  { key, size, digest }: NamedObject,
  progress: (bytes: number) => void,
): Promise<string | undefined> {
  if (await to.size(key) === size) {
    progress(size);
    return undefined;
  }
  if (size > largest) return `its ${size} bytes exceed the ${largest} bytes that the target storage accepts`;
  const found = await readObject({ objects: from, sleep: pause }, key);
  if (found === undefined) return `its object is missing: ${key}`;
  if (found.size !== size) return `its object has ${found.size} bytes instead of ${size}: ${key}`;
  if (size > to.partSize) await abortLeftover(to, key);
  const writer = new ObjectWriter(to, key, size);
  const hash = createHash(algorithmOf(digest));
  try {
    for await (const chunk of found.chunks) {
      hash.update(chunk);
      await writer.write(chunk);
      progress(chunk.length);
    }
    if (!digest.endsWith(`:${hash.digest("hex")}`)) {
      await writer.drop();
      return `its object does not match its digest: ${key}`;
    }
    await writer.publish();
  } catch (error) {
    await writer.drop().catch(() => {}); // the next copy does it
    throw error;
  }
  return undefined;
}

/** Aborts what an earlier copy that broke off has begun. */
async function abortLeftover(to: ObjectStore, key: string): Promise<void> {
  const begun = await to.listParts(key, PAGE_PARTS);
  for (const { key: other, partsId } of begun) if (other === key) await to.abortParts(key, partsId);
}
