import { identify, INDEX_FORMS, ITEM_FORMS } from "../../registry/stored.ts";
import type { Item, Key, NewItem, ReadOptions, Table } from "../../storage/mod.ts";
import { sizeOf } from "../../storage/table/dynamodb/testing/item_size.ts";

/** Capacity units of DynamoDB. */
export interface Units {
  /** 4 KiB each, strongly consistent; an eventually consistent read takes half. */
  reads: number;
  /** 1 KiB each. */
  writes: number;
}

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

/** Counts the capacity units of a table by partition, as DynamoDB bills them, for the table and for its index. */
export class UnitMeter {
  #units = new Map<string, Units>();

  /** The same table, whose requests are counted. */
  over(table: Table): Table {
    return {
      get: async (key, options) => (await this.#readAll(table, [key], options))[0],
      getMany: (keys, options) => this.#readAll(table, keys, options),
      put: async (item, condition, fence) => {
        const before = await table.get(item);
        const version = await table.put(item, condition, fence);
        this.#write(before, version === undefined ? before : item, item);
        return version;
      },
      putMany: async (items, fence) => {
        for (const item of items) this.#write(await table.get(item), item, item);
        await table.putMany(items, fence);
      },
      delete: async (key, condition, fence) => {
        const before = await table.get(key);
        const isDeleted = await table.delete(key, condition, fence);
        this.#write(before, isDeleted ? undefined : before, key);
        return isDeleted;
      },
      query: async (pk, options) => this.#page(formOf, pk, await table.query(pk, options), options),
      queryKeys: async (pk, options) => {
        // DynamoDB reads whole items for their keys.
        return this.#page(formOf, pk, await table.query(pk, options), options).map(({ sk }) => sk);
      },
      queryIndex: async (pk, options) =>
        this.#page(() => indexFormOf(pk), pk, await table.queryIndex(pk, options), {}),
      scan: (options) => table.scan(options),
    };
  }

  /** Units since the last call, by the form of the partition: `repo#<repository>`, `index uploads#<shard>`. */
  take(): Map<string, Units> {
    const taken = this.#units;
    this.#units = new Map();
    return taken;
  }

  async #readAll(
    table: Table,
    keys: Key[],
    { consistent = false }: ReadOptions = {},
  ): Promise<(Item | undefined)[]> {
    const items = await table.getMany(keys, { consistent });
    for (const [index, key] of keys.entries()) {
      const units = unitsOf(sizeOf(items[index]), READ_UNIT_BYTES);
      this.#add(formOf(key), { reads: consistent ? units : units / 2, writes: 0 });
    }
    return items;
  }

  #page(
    form: (key: Key) => string,
    pk: string,
    items: Item[],
    { prefix = "", consistent = false }: ReadOptions & { prefix?: string },
  ): Item[] {
    const size = items.reduce((sum, item) => sum + sizeOf(item), 0);
    const units = unitsOf(size, READ_UNIT_BYTES);
    this.#add(form(items[0] ?? { pk, sk: prefix }), { reads: consistent ? units : units / 2, writes: 0 });
    return items;
  }

  /** A write is billed by the larger of both items, also if its condition fails; a new key in the index twice. */
  #write(before: Item | undefined, after: NewItem | undefined, key: Key): void {
    const size = Math.max(sizeOf(before), sizeOf(after));
    this.#add(formOf(key), { reads: 0, writes: unitsOf(size, WRITE_UNIT_BYTES) });
    if (before === after) return;
    const [old, present] = [before?.index, after?.index];
    if (old !== undefined && (old.pk !== present?.pk || old.sk !== present.sk)) {
      this.#add(indexFormOf(old.pk), { reads: 0, writes: unitsOf(sizeOf(before), WRITE_UNIT_BYTES) });
    }
    if (present !== undefined) {
      this.#add(indexFormOf(present.pk), { reads: 0, writes: unitsOf(sizeOf(after), WRITE_UNIT_BYTES) });
    }
  }

  #add(form: string, { reads, writes }: Units): void {
    const sum = this.#units.get(form);
    if (sum === undefined) this.#units.set(form, { reads, writes });
    else [sum.reads, sum.writes] = [sum.reads + reads, sum.writes + writes];
  }
}

function unitsOf(bytes: number, unit: number): number {
  return Math.max(1, Math.ceil(bytes / unit));
}

/** Form of the partition of an item. */
function formOf(key: Key): string {
  const kind = identify(key)?.kind;
  if (kind !== undefined) return ITEM_FORMS[kind].pk;
  // A query for items of which there are none yet.
  const form = Object.values(ITEM_FORMS).find(({ pk }) => startOf(pk) === startOf(key.pk));
  if (form === undefined) throw new TypeError(`Cannot name the partition "${key.pk}"`);
  return form.pk;
}

/** Form of a partition of the index. */
function indexFormOf(pk: string): string {
  const form = Object.values(INDEX_FORMS).find((form) => startOf(form.pk) === startOf(pk));
  if (form === undefined) throw new TypeError(`Cannot name the partition "${pk}" of the index`);
  return `index ${form.pk}`;
}

function startOf(pk: string): string {
  return pk.replace(/#.*/s, "");
}
