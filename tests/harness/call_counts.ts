/**
 * Requests of a registry to its stores, counted as S3 and DynamoDB count them.
 *
 * @module
 */
import type { ObjectStore, Table } from "../../storage/mod.ts";
import { hooked } from "./stores.ts";

/** Requests, by store. */
export interface Calls {
  table: number;
  objects: number;
}

/** Keys of one BatchGetItem, and items of one BatchWriteItem. */
const BATCHES: Record<string, number> = { getMany: 100, putMany: 25 };

/** The stores, and the requests to them since the last look. */
export function counted(
  objects: ObjectStore,
  table: Table,
): { objects: ObjectStore; table: Table; take: () => Calls } {
  let calls: Calls = { table: 0, objects: 0 };
  return {
    objects: hooked(objects, () => void calls.objects++),
    table: withoutChangeCount(hooked(table, (method, args) => {
      const batch = BATCHES[method];
      calls.table += batch === undefined ? 1 : Math.ceil((args[0] as unknown[]).length / batch);
    })),
    take() {
      const taken = calls;
      calls = { table: 0, objects: 0 };
      return taken;
    },
  };
}

/** A table that does not count its changes, as DynamoDB does not. */
export function withoutChangeCount(table: Table): Table {
  return new Proxy(table, {
    get: (target, name) => name === "changeCount" ? undefined : Reflect.get(target, name, target),
  });
}
