import type { Registry } from "../../registry/mod.ts";
import type { Item, ObjectStore, Table } from "../../storage/mod.ts";
import type { Ledger } from "./ledger.ts";

/** State that is checked after all processes have ended. */
export interface Quiet {
  registry: Registry;
  table: Table;
  objects: ObjectStore;
  ledger: Ledger;
  /** In milliseconds since the epoch. */
  now: number;
  /** True if the tag `FIXED` is immutable. */
  immutable: boolean;
  /** True if manifests may reference what does not exist. */
  sparse: boolean;
  /** Objects that the test has deleted, possibly not noticed by any process yet. */
  lost: ReadonlySet<string>;
  /** True if a full pass of garbage collection has covered everything since. */
  passed: boolean;
  /** True if a full pass ran beside the clients. */
  passedBeside: boolean;
}

/** More than the items or objects of a run. */
export const MAX_ENTRIES = 1_000_000;

/** All items. */
export async function itemsOf(table: Table): Promise<Item[]> {
  return (await table.scan({ limit: MAX_ENTRIES, consistent: true })).items;
}
