import type { ObjectStore } from "../object_store.ts";
import type { Test, Together } from "./fixtures.ts";
import { registerLists } from "./lists.ts";
import { registerParts } from "./parts.ts";
import { registerWholes } from "./wholes.ts";

/** A store of a driver under test. */
export interface ObjectStoreUnderTest extends AsyncDisposable {
  /** Empty at first, and with parts as small as the driver allows. */
  store: ObjectStore;
}

/** In what a store that a driver talks to may fall short of the port. */
export interface ObjectStoreTraits {
  /** Objects are files: there is none under `a` where there is one under `a/b`. False where absent. */
  objectsAreFiles?: boolean;
}

/** Registers the tests that every driver of the port passes: `make` makes one store for each. */
export function objectStoreContract(
  driver: string,
  make: () => Promise<ObjectStoreUnderTest>,
  { objectsAreFiles = false }: ObjectStoreTraits = {},
): void {
  const test: Test = (name, run) =>
    Deno.test(`${driver} ${name}`, async () => {
      await using made = await make();
      await run(made.store);
    });
  const together: Together = (keys) =>
    objectsAreFiles ? keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`))) : keys;

  registerWholes(test, together);
  registerParts(test);
  registerLists(test, together);
}
