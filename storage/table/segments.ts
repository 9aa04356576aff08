import { compareUtf8 } from "../utf8_order.ts";
import type { Segment } from "./table.ts";

/** The partition keys of a segment, for a driver that keeps partitions in their order. */
export interface PartitionRange {
  /** Inclusive. */
  from: string;
  /** Exclusive; absent for the last segment. */
  before?: string;
}

/** The range of partition keys of a segment; all of them without one. */
export function rangeOf({ number, of, cuts }: Segment = { number: 0, of: 1, cuts: [] }): PartitionRange {
  const cut = (index: number) => cuts[Math.floor(index * (cuts.length + 1) / of) - 1];
  const before = number + 1 >= of ? undefined : cut(number + 1);
  // With more segments than ranges the first ones are empty.
  return { from: cut(number) ?? "", ...(number + 1 < of && { before: before ?? "" }) };
}

/** True if the partition is in the range. */
export function isInRange(pk: string, { from, before }: PartitionRange): boolean {
  return compareUtf8(pk, from) >= 0 && (before === undefined || compareUtf8(pk, before) < 0);
}
