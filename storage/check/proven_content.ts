import type { ObjectStore, PutStream } from "../objects/mod.ts";

/** What {@linkcode provenContent} takes. */
export interface ProvenContentOptions {
  /** Tries whether the store refuses what is not what its hash says; rejects where nobody can tell. */
  enforces: () => Promise<boolean>;
  /** Told what came of it. */
  found: (result: { enforced: boolean } | { error: unknown }) => void;
}

/**
 * A store that takes unhashed content only from when it has proved that it checks it. It is tried at once, without
 * anybody waiting for it; as long as nobody can tell, it is tried again whenever somebody has such content.
 */
export function provenContent(objects: ObjectStore, { enforces, found }: ProvenContentOptions): ObjectStore {
  let proven: boolean | undefined;
  let trying = false;
  async function prove(): Promise<void> {
    if (trying || proven !== undefined) return;
    trying = true;
    try {
      proven = await enforces();
      found({ enforced: proven });
    } catch (error) {
      found({ error });
    } finally {
      trying = false;
    }
  }
  prove();
  return {
    partSize: objects.partSize,
    get putStream(): PutStream | undefined {
      prove();
      return proven ? objects.putStream : undefined;
    },
    get: (key, range) => objects.get(key, range),
    size: (key) => objects.size(key),
    put: (key, bytes) => objects.put(key, bytes),
    startParts: (key) => objects.startParts(key),
    putPart: (key, partsId, number, bytes) => objects.putPart(key, partsId, number, bytes),
    completeParts: (key, partsId, parts) => objects.completeParts(key, partsId, parts),
    abortParts: (key, partsId) => objects.abortParts(key, partsId),
    delete: (keys) => objects.delete(keys),
    list: (prefix, options) => objects.list(prefix, options),
    listParts: (prefix, limit) => objects.listParts(prefix, limit),
  };
}
