import type { Item, Key, QueryOptions, ReadOptions, ScanOptions, ScanPage, Table } from "./table.ts";

/**
 * Pages of a list, none of them empty. `read` returns at most `limit` values after a position, and `positionOf` returns
 * the position of a value. A page is read only when the caller asks for it.
 */
export async function* pagesOf<T>(
  read: (from: { after?: string }) => Promise<T[]>,
  positionOf: (value: T) => string,
  limit: number,
): AsyncGenerator<T[]> {
  for (let from = {};;) {
    const values = await read(from);
    if (values.length > 0) yield values;
    if (values.length < limit) return;
    from = { after: positionOf(values.at(-1)!) };
  }
}

/**
 * Pages of a list whose pages contain the position of the next page in `next`. A page may be empty. It is read only when
 * the caller asks for it.
 */
export async function* linkedPages<P extends { next?: unknown }>(
  read: (from: { after?: NonNullable<P["next"]> }) => Promise<P>,
): AsyncGenerator<P> {
  for (let from = {};;) {
    const page = await read(from);
    yield page;
    if (page.next === undefined) return;
    from = { after: page.next };
  }
}

/** Pages of all items, in the order of the scan. */
export function scanPages(table: Pick<Table, "scan">, options: ScanOptions): AsyncGenerator<ScanPage> {
  return linkedPages((from: { after?: Key }) => table.scan({ ...options, ...from }));
}

/** Pages of the items of a partition, in the order of their sort keys. */
export function queryPages(
  table: Pick<Table, "query">,
  pk: string,
  options: QueryOptions & ReadOptions,
): AsyncGenerator<Item[]> {
  return pagesOf((from) => table.query(pk, { ...options, ...from }), ({ sk }) => sk, options.limit);
}

/** Pages of the items of a partition of the index, in the order of their sort keys there. */
export function indexPages(
  table: Pick<Table, "queryIndex">,
  pk: string,
  options: QueryOptions,
): AsyncGenerator<Item[]> {
  const read = (from: { after?: string }) => table.queryIndex(pk, { ...options, ...from });
  return pagesOf(read, ({ index }) => index!.sk, options.limit);
}
