import { type Key, keyStart, keyText } from "../../storage/ports.ts";
import { ITEM_FORMS, keyOf } from "./identify.ts";

/** Start of the partition keys of garbage candidates. */
export const GARBAGE_PREFIX = keyStart(ITEM_FORMS.candidate.pk);

/** Partitions of garbage candidates: several, so that none is hot and processes can share the work. */
export const GARBAGE_SHARDS: string[] = Array.from(
  "0123456789abcdef",
  (shard) => keyText(ITEM_FORMS.candidate.pk, { shard }),
);

/** Partition of the leases on background work, and of its progress. */
export const COLLECTION = ITEM_FORMS.lease.pk;

/** Key of the lease on background work of this name. */
export function leaseKey(name: string): Key {
  return keyOf("lease", { name });
}
