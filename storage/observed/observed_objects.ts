import type { Observer, Store } from "../../telemetry/observer.ts";
import type { ObjectStore, PutStream, StoredObject } from "../ports.ts";

/** Object store whose calls the observer sees. A read ends when its bytes begin. */
export function observedObjects(objects: ObjectStore, observer: Observer): ObjectStore {
  const call = <T>(operation: string, run: () => Promise<T>) => observer.call("objects", operation, run);
  const writing = async <T>(operation: string, bytes: number, run: () => Promise<T>) => {
    const result = await call(operation, run);
    observer.transferred("write", bytes);
    return result;
  };
  return {
    partSize: objects.partSize,
    ...observedReads(objects, "objects", observer),
    size: (key) => call("size", () => objects.size(key)),
    put: (key, bytes, sha256) => writing("put", bytes.byteLength, () => objects.put(key, bytes, sha256)),
    // A driver may offer it only later.
    get putStream(): PutStream | undefined {
      const { putStream } = objects;
      return putStream &&
        ((key, body, content) =>
          writing("putStream", content.size, () => putStream.call(objects, key, body, content)));
    },
    startParts: (key) => call("startParts", () => objects.startParts(key)),
    putPart: (key, partsId, number, bytes) =>
      writing("putPart", bytes.byteLength, () => objects.putPart(key, partsId, number, bytes)),
    completeParts: (key, partsId, parts) =>
      call("completeParts", () => objects.completeParts(key, partsId, parts)),
    abortParts: (key, partsId) => call("abortParts", () => objects.abortParts(key, partsId)),
    delete: (keys) => call("delete", () => objects.delete(keys)),
    list: (prefix, options) => call("list", () => objects.list(prefix, options)),
    listParts: (prefix, limit) => call("listParts", () => objects.listParts(prefix, limit)),
  };
}

/** Reads of objects for clients. */
interface Reads<Rest extends unknown[]> {
  get: ObjectStore["get"];
  url?: ((key: string, ...rest: Rest) => Promise<string | undefined>) | undefined;
}

/** Reads whose calls the observer sees. A URL is no call: no request is made for it. */
export function observedReads<Rest extends unknown[]>(
  reads: Reads<Rest>,
  store: Store,
  observer: Observer,
): { get: ObjectStore["get"]; url?: (key: string, ...rest: Rest) => Promise<string | undefined> } {
  return {
    async get(key, range) {
      const object = await observer.call(store, "get", () => reads.get(key, range));
      if (object !== undefined) observer.transferred("read", bytesOf(object, range));
      return object;
    },
    ...(reads.url && { url: (key: string, ...rest: Rest) => reads.url!(key, ...rest) }),
  };
}

/** Bytes that a read returns if the client takes all of them. */
function bytesOf({ size }: StoredObject, range: Parameters<ObjectStore["get"]>[1]): number {
  return range === undefined ? size : range.last - range.first + 1;
}
