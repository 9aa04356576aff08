/** Start of the partition keys of garbage candidates. */
export const GARBAGE_PREFIX = "garbage#";

/** Partitions of garbage candidates: several, so that none is hot and processes can share the work. */
export const GARBAGE_SHARDS: string[] = [..."0123456789abcdef"].map((digit) => GARBAGE_PREFIX + digit);

/** Partition of the leases on background work, and of its progress. */
export const COLLECTION = "collection";
