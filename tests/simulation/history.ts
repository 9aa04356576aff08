import {
  compareUtf8,
  isInRange,
  type Item,
  type Key,
  type MemoryTable,
  type QueryOptions,
  rangeOf,
  type ScanOptions,
  type ScanPage,
} from "../../storage/mod.ts";

/** A write: the item from then on, or nothing. */
interface Write {
  key: Key;
  item: Item | undefined;
  at: number;
}

/** Maximum lag of a read that is not consistent, in milliseconds. */
export const MAX_LAG_MS = 100;

/** Maximum lag, in writes. */
const MAX_LAG_WRITES = 6;

/** View of an eventually consistent read: the table as it was some writes ago. */
export class History {
  readonly #table: MemoryTable;
  readonly #now: () => number;
  readonly #below: (n: number) => number;
  /** The last writes, with the item before each. */
  #undo: Write[] = [];
  readonly #current = new Map<string, Item>();

  /** History of a table that is written only through {@linkcode History.write}. */
  constructor(table: MemoryTable, now: () => number, below: (n: number) => number) {
    this.#table = table;
    this.#now = now;
    this.#below = below;
  }

  /** An item was written. */
  write(item: Item): void {
    this.#note(item, copyOf(item));
  }

  /** An item was deleted. */
  remove(key: Key): void {
    this.#note(key, undefined);
  }

  #note({ pk, sk }: Key, item: Item | undefined): void {
    const name = nameOf({ pk, sk });
    this.#undo.push({ key: { pk, sk }, item: this.#current.get(name), at: this.#now() });
    if (this.#undo.length > MAX_LAG_WRITES) this.#undo.shift();
    if (item === undefined) this.#current.delete(name);
    else this.#current.set(name, item);
  }

  /** The table as a read sees it that may lag behind. */
  lag(): Past {
    const recent = this.#undo.filter(({ at }) => at + MAX_LAG_MS > this.#now());
    const count = recent.length === 0 ? 0 : this.#below(recent.length + 1);
    return new Past(this.#table, recent.slice(recent.length - count).reverse());
  }
}

/** The table without its last writes. */
class Past {
  readonly #table: MemoryTable;
  /** Earlier values of changed items. */
  readonly #before = new Map<string, Write>();

  /** Without these writes, the newest of them first. */
  constructor(table: MemoryTable, undone: Write[]) {
    this.#table = table;
    for (const write of undone) this.#before.set(nameOf(write.key), write);
  }

  async get(key: Key): Promise<Item | undefined> {
    const write = this.#before.get(nameOf(key));
    if (write === undefined) return await this.#table.get(key);
    return write.item && copyOf(write.item);
  }

  async query(pk: string, { prefix = "", after, limit }: QueryOptions): Promise<Item[]> {
    const items = await this.#table.query(pk, {
      prefix,
      ...(after && { after }),
      limit: limit + this.#before.size,
    });
    const isWanted = (item: Item) =>
      item.pk === pk && item.sk.startsWith(prefix) &&
      (after === undefined || compareUtf8(item.sk, after) > 0);
    return this.#rewrite(items, limit, isWanted, ({ sk }) => sk);
  }

  async queryKeys(pk: string, options: QueryOptions): Promise<string[]> {
    return (await this.query(pk, options)).map(({ sk }) => sk);
  }

  async queryIndex(pk: string, { prefix = "", after, limit }: QueryOptions): Promise<Item[]> {
    const page = { prefix, ...(after && { after }), limit: limit + this.#before.size };
    const items = await this.#table.queryIndex(pk, page);
    const isWanted = ({ index }: Item) =>
      index?.pk === pk && index.sk.startsWith(prefix) &&
      (after === undefined || compareUtf8(index.sk, after) > 0);
    return this.#rewrite(items, limit, isWanted, ({ index }) => index!.sk);
  }

  async scan(options: ScanOptions): Promise<ScanPage> {
    const { after, limit, segment } = options;
    const range = rangeOf(segment);
    const { items } = await this.#table.scan({ ...options, limit: limit + this.#before.size });
    const isWanted = ({ pk, sk }: Item) =>
      isInRange(pk, range) &&
      (after === undefined || (compareUtf8(pk, after.pk) || compareUtf8(sk, after.sk)) > 0);
    const page = this.#rewrite(items, limit, isWanted, ({ pk, sk }) => `${pk}\0${sk}`);
    const last = page.at(-1);
    return { items: page, ...(last && page.length === limit && { next: { pk: last.pk, sk: last.sk } }) };
  }

  /**
   * The first `limit` items as they were, in the order of a key. `items` are the first present items: enough of them to
   * find those `limit` items after any of the recent writes.
   */
  #rewrite(
    items: Item[],
    limit: number,
    isWanted: (item: Item) => boolean,
    keyOf: (item: Item) => string,
  ): Item[] {
    if (this.#before.size === 0) return items;
    const others = items.filter((item) => !this.#before.has(nameOf(item)));
    const rewritten = [...this.#before.values()].map(({ item }) => item)
      .filter((item) => item !== undefined && isWanted(item)) as Item[];
    return [...others, ...rewritten.map(copyOf)]
      .sort((a, b) => compareUtf8(keyOf(a), keyOf(b)))
      .slice(0, limit);
  }
}

/** Copy that shares nothing with the item. `structuredClone` takes ten times as long. */
function copyOf(item: Item): Item {
  const { attributes, bytes, index } = item;
  return {
    ...item,
    attributes: JSON.parse(JSON.stringify(attributes)),
    ...(bytes && { bytes: bytes.slice() }),
    ...(index && { index: { ...index } }),
  };
}

function nameOf({ pk, sk }: Key): string {
  return `${pk} ${sk}`;
}
