/**
 * Tables whose reads lag, as DynamoDB's do unless they are consistent.
 *
 * @module
 */
import type { Item, Key, ReadOptions, Table } from "../../storage/mod.ts";

/** The table; `get` and `getMany` answer as of the time of these items unless they are consistent. */
export function laggingTable(table: Table, items: readonly Item[]): Table {
  const before = ({ pk, sk }: Key) => items.find((item) => item.pk === pk && item.sk === sk);
  const late: Pick<Table, "get" | "getMany"> = {
    get: async (key, options?: ReadOptions) =>
      options?.consistent ? await table.get(key, options) : before(key),
    getMany: async (keys, options?: ReadOptions) =>
      options?.consistent ? await table.getMany(keys, options) : keys.map(before),
  };
  return new Proxy(table, {
    get(target, name) {
      if (name === "get" || name === "getMany") return late[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
