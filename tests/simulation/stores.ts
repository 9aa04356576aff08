/**
 * The two ports over the memory drivers, for a process of the simulation: each call waits for its turn.
 *
 * @module
 */
import type {
  Condition,
  Fence,
  Item,
  Key,
  MemoryObjectStore,
  MemoryTable,
  NewItem,
  ObjectStore,
  Part,
  PutStream,
  QueryOptions,
  ReadOptions,
  ScanOptions,
  ScanPage,
  StoredObject,
  Table,
} from "../../storage/mod.ts";
import { type Footprint, NOTHING } from "./call.ts";
import type { History } from "./history.ts";
import type { CallOptions } from "./scheduler.ts";

/** Makes a call at its turn. */
export type Caller = <T>(call: CallOptions<T>) => Promise<T>;

/** State that the processes of a run share. */
export interface Shared {
  table: MemoryTable;
  /** True if the table counts its changes. */
  counts: boolean;
  objects: MemoryObjectStore;
  history: History;
  /** The version that the next write of {@linkcode Shared.table} gets. */
  nextVersion: string | undefined;
  /** Makes a version that no write had. */
  newVersion: () => string;
  /** Called before objects are deleted. */
  beforeDelete: (keys: string[]) => Promise<void>;
}

const at = (key: Key, writes: boolean): Footprint => ({ place: key.pk, name: key.sk, writes });
const nameOf = ({ pk, sk }: Key) => `${pk} ${sk}`;

/**
 * Items of a page of a consistent scan: few, so that others write between pages. A page may always have fewer items
 * than requested.
 */
const SCAN_PAGE_ITEMS = 3;

/** Table of a process. */
export class SimulatedTable implements Table {
  readonly changeCount?: () => Promise<number>;
  readonly #shared: Shared;
  readonly #call: Caller;

  constructor(shared: Shared, call: Caller) {
    this.#shared = shared;
    this.#call = call;
    if (!shared.counts) return;
    this.changeCount = () =>
      call({
        text: () => "count changes",
        footprint: { place: "*", name: "*", writes: false },
        run: () => shared.table.changeCount(),
      });
  }

  get(key: Key, { consistent = false }: ReadOptions = {}): Promise<Item | undefined> {
    const { table, history } = this.#shared;
    return this.#call({
      text: () => `get ${nameOf(key)}${consistent ? "" : " (lagging)"}`,
      footprint: at(key, false),
      run: () => consistent ? table.get(key) : Promise.resolve(history.lag().get(key)),
    });
  }

  /** A batch is not a snapshot: each item is read at its own turn. */
  getMany(keys: Key[], options: ReadOptions = {}): Promise<(Item | undefined)[]> {
    return Promise.all(keys.map((key) => this.get(key, options)));
  }

  put(item: NewItem, condition: Condition, fence?: Fence): Promise<string | undefined> {
    const version = this.#shared.newVersion();
    const kind = "ifAbsent" in condition ? "if absent" : `if ${condition.ifVersion}`;
    // What a driver does that heard of no answer: it knows its own version again.
    const again = async (fence?: Fence) => {
      const current = await this.#shared.table.get(item);
      const own = current?.version === version ? { ifVersion: version } : condition;
      return await this.#write(item, own, version, fence);
    };
    return this.#call({
      text: () => `put ${nameOf(item)} ${kind} -> ${version} ${JSON.stringify(item.attributes)}`,
      footprint: at(item, true),
      run: () => this.#write(item, condition, version, fence),
      again: () => again(fence),
      unfenced: () => again(),
    });
  }

  async #write(
    item: NewItem,
    condition: Condition,
    version: string,
    fence: Fence | undefined,
  ): Promise<string | undefined> {
    this.#shared.nextVersion = version;
    try {
      const written = await this.#shared.table.put(item, condition, fence);
      if (written !== undefined) this.#shared.history.write({ ...item, version });
      return written;
    } finally {
      this.#shared.nextVersion = undefined;
    }
  }

  async putMany(items: NewItem[], fence?: Fence): Promise<void> {
    await Promise.all(items.map((item) => {
      const run = async (fence?: Fence) => {
        await this.#shared.table.putMany([item], fence);
        this.#shared.history.write((await this.#shared.table.get(item))!);
      };
      return this.#call({
        text: () => `put ${nameOf(item)} in a batch`,
        footprint: at(item, true),
        run: () => run(fence),
        unfenced: () => run(),
      });
    }));
  }

  delete(key: Key, condition: { ifVersion: string }, fence?: Fence): Promise<boolean> {
    const { table, history } = this.#shared;
    const run = async (fence?: Fence) => {
      const deleted = await table.delete(key, condition, fence);
      if (deleted) history.remove(key);
      return deleted;
    };
    return this.#call({
      text: () => `delete ${nameOf(key)} if ${condition.ifVersion}`,
      footprint: at(key, true),
      run: () => run(fence),
      // An item that is gone by now counts as deleted: see `DynamoTable.delete`.
      again: async () => await table.get(key) === undefined || await run(fence),
      unfenced: () => run(),
    });
  }

  query(pk: string, options: QueryOptions & ReadOptions): Promise<Item[]> {
    return this.#query("query", pk, options, (table) => table.query(pk, options));
  }

  queryKeys(pk: string, options: QueryOptions & ReadOptions): Promise<string[]> {
    return this.#query("query keys of", pk, options, (table) => table.queryKeys(pk, options));
  }

  #query<T>(
    verb: string,
    pk: string,
    { consistent = false, prefix = "" }: QueryOptions & ReadOptions,
    read: (table: Pick<Table, "query" | "queryKeys">) => Promise<T>,
  ): Promise<T> {
    const { table, history } = this.#shared;
    return this.#call({
      text: () => `${verb} ${pk} ${prefix}*${consistent ? "" : " (lagging)"}`,
      footprint: { place: pk, name: `${prefix}*`, writes: false },
      run: () => read(consistent ? table : history.lag()),
    });
  }

  queryIndex(pk: string, options: QueryOptions): Promise<Item[]> {
    return this.#call({
      text: () => `query index ${pk}`,
      footprint: { place: "*", name: "*", writes: false },
      run: () => this.#shared.history.lag().queryIndex(pk, options),
    });
  }

  scan(options: ScanOptions): Promise<ScanPage> {
    const { table, history } = this.#shared;
    const text = () => `scan after ${options.after === undefined ? "nothing" : nameOf(options.after)}`;
    if (options.consistent) {
      return this.#call({
        text,
        footprint: { place: "*", name: "*", writes: false },
        run: () => table.scan({ ...options, limit: Math.min(options.limit, SCAN_PAGE_ITEMS) }),
      });
    }
    // It is only a proposal, so its order is not worth further runs.
    return this.#call({
      text: () => `${text()} (lagging)`,
      footprint: NOTHING,
      run: () => history.lag().scan(options),
    });
  }
}

/** Object store of a process. */
export class SimulatedObjects implements ObjectStore {
  readonly partSize: number;
  readonly putStream: PutStream | undefined;
  readonly #shared: Shared;
  readonly #caller: Caller;

  constructor(shared: Shared, caller: Caller) {
    this.#shared = shared;
    this.#caller = caller;
    this.partSize = shared.objects.partSize;
    const { putStream } = shared.objects;
    this.putStream = putStream && ((key, stream, content) =>
      caller({
        text: () => `put stream ${key}`,
        footprint: { place: "objects", name: key, writes: true },
        run: () => putStream(key, stream, content),
        // The body can be read once, so no driver sends it again.
        again: () => Promise.resolve(),
      }));
  }

  #call<T>(method: string, name: string, writes: boolean, run: () => Promise<T>): Promise<T> {
    return this.#caller({
      text: () => `${method} ${name}`,
      footprint: { place: "objects", name, writes },
      run,
    });
  }

  get(key: string, range?: Parameters<ObjectStore["get"]>[1]): Promise<StoredObject | undefined> {
    return this.#call("get object", key, false, () => this.#shared.objects.get(key, range));
  }

  size(key: string): Promise<number | undefined> {
    return this.#call("size of", key, false, () => this.#shared.objects.size(key));
  }

  put(key: string, bytes: Uint8Array<ArrayBuffer>, sha256?: string): Promise<void> {
    return this.#call("put object", key, true, () => this.#shared.objects.put(key, bytes, sha256));
  }

  startParts(key: string): Promise<string> {
    return this.#call("start parts of", key, true, () => this.#shared.objects.startParts(key));
  }

  putPart(key: string, partsId: string, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<Part> {
    return this.#call(`put part ${number} of`, key, true, () => {
      return this.#shared.objects.putPart(key, partsId, number, bytes);
    });
  }

  completeParts(key: string, partsId: string, parts: Part[]): Promise<void> {
    return this.#call("complete", key, true, () => this.#shared.objects.completeParts(key, partsId, parts));
  }

  abortParts(key: string, partsId: string): Promise<void> {
    return this.#call("abort", key, true, () => this.#shared.objects.abortParts(key, partsId));
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.#call("delete object", key, true, async () => {
        await this.#shared.beforeDelete([key]);
        await this.#shared.objects.delete([key]);
      });
    }
  }

  list(prefix: string, options: { after?: string; limit: number }): Promise<string[]> {
    return this.#call("list", "*", false, () => this.#shared.objects.list(prefix, options));
  }

  listParts(prefix: string, limit: number): Promise<{ key: string; partsId: string }[]> {
    return this.#call("list parts", "*", false, () => this.#shared.objects.listParts(prefix, limit));
  }
}
