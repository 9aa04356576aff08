import type { ObjectStore } from "../object_store.ts";
import type { Test } from "./fixtures.ts";
import { registerLists } from "./lists.ts";
import { registerParts } from "./parts.ts";
import { registerWholes } from "./wholes.ts";

/** A store of a driver under test. */
export interface ObjectStoreUnderTest extends AsyncDisposable {
  /** Empty at first, and with parts as small as the driver allows. */
  store: ObjectStore;
}

/** Registers the tests that every driver of the port passes: `make` makes one store for each. */
export function objectStoreContract(driver: string, make: () => Promise<ObjectStoreUnderTest>): void {
  const test: Test = (name, run) =>
    Deno.test(`${driver} ${name}`, async () => {
      await using made = await make();
      await run(made.store);
    });

  registerWholes(test);
  registerParts(test);
  registerLists(test);
}
