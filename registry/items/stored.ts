import type { Item, Value } from "../../storage/ports.ts";

/** Item with the attributes of its kind. */
export type Stored<A> = Item & { attributes: A };

/** Types an item by its key. Checks nothing: only the registry writes such items. */
export function stored<A extends { [name: string]: Value }>(item: Item | undefined): Stored<A> | undefined {
  return item as Stored<A> | undefined;
}

/** Attributes of an interface, as a type that an item can hold. */
export type Plain<T> = Pick<T, keyof T>;
