import { assertEquals, assertNotEquals } from "@std/assert";
import { digest, REPOSITORY, utf8 } from "../../tests/harness/stores.ts";
import { candidateItems, type GarbageCandidate } from "./candidates.ts";

const BLOB: GarbageCandidate = { kind: "blob", repository: REPOSITORY, digest: digest(utf8("a")) };
/** In milliseconds; a sixteenth of it is one second. */
const GRACE_MS = 16_000;

Deno.test("candidateItems() makes one item of all candidates of a blob within a sixteenth of the grace period", () => {
  const keyAt = (since: number, grace = GRACE_MS) =>
    candidateItems({ grace }, BLOB, since).map(({ pk, sk }) => `${pk} ${sk}`);
  assertEquals(keyAt(5001), keyAt(6000));
  assertNotEquals(keyAt(5001), keyAt(5000));
  assertNotEquals(keyAt(5001), keyAt(6001));
  assertNotEquals(keyAt(5001, 1), keyAt(5002, 1));
});
