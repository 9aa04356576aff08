import type { ObjectStore } from "../object_store.ts";
import type { Test, Together } from "./fixtures.ts";
import { registerLists } from "./lists.ts";
import { registerParts } from "./parts.ts";
import { registerStreams } from "./streams.ts";
import { registerWholes } from "./wholes.ts";

/** A store of a driver under test. */
export interface ObjectStoreUnderTest extends AsyncDisposable {
  /** Empty at first, and with parts as small as the driver allows. */
  store: ObjectStore;
}

/** In what stores differ. */
export interface ObjectStoreTraits {
  /** It checks content by itself: `putStream` is there. False where absent. */
  verifiesContent?: boolean;
  /** Objects are files: there is none under `a` where there is one under `a/b`. False where absent. */
  objectsAreFiles?: boolean;
}

/** Registers the tests that every driver of the port passes: `make` makes one store for each. */
export function objectStoreContract(
  driver: string,
  make: () => Promise<ObjectStoreUnderTest>,
  { verifiesContent = false, objectsAreFiles = false }: ObjectStoreTraits = {},
): void {
  const test: Test = (name, run) =>
    Deno.test(`${driver} ${name}`, async () => {
      await using made = await make();
      await run(made.store);
    });
  const together: Together = (keys) =>
    objectsAreFiles ? keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`))) : keys;

  registerWholes(test, together);
  if (verifiesContent) registerStreams(test);
  registerParts(test);
  registerLists(test, together);
}
