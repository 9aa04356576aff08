import { readAll } from "../read_all.ts";
import type { ByteRange, ObjectStore } from "../object_store.ts";

/** Registers a test of a driver with a store of its own. */
export type Test = (name: string, run: (store: ObjectStore) => Promise<void>) => void;

/** The keys among these that a store can hold together; see `ObjectStoreTraits`. */
export type Together = (keys: string[]) => string[];

/** So many bytes, which differ from those of another seed and from place to place. */
export function content(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0, state = seed; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** The bytes of an object or of a range of it, `undefined` where there is none. */
export async function read(
  store: ObjectStore,
  key: string,
  range?: ByteRange,
): Promise<Uint8Array | undefined> {
  const found = await store.get(key, range);
  return found && await readAll(found.body);
}
