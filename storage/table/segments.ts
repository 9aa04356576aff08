import { compareUtf8 } from "../utf8_order.ts";
import type { Segment } from "./table.ts";

/**
 * Keys at which the partitions of the registry are cut into ranges: content by the first digit of its digest,
 * repositories by the first character of their names. Any cuts are correct; these make the ranges about equal.
 */
const CUTS: string[] = [
  ...[..."123456789abcdef"].map((digit) => `blob#sha256:${digit}`),
  "blob#sha512:",
  ...[..."0bcdefhiklmoprsu"].map((character) => `repo#${character}`),
].sort(compareUtf8);

/** The partition keys of a segment, for a driver that keeps partitions in their order. */
export interface PartitionRange {
  /** Inclusive. */
  from: string;
  /** Exclusive; absent for the last segment. */
  before?: string;
}

/** The range of partition keys of a segment; all of them without one. */
export function rangeOf({ number, of }: Segment = { number: 0, of: 1 }): PartitionRange {
  const cut = (index: number) => CUTS[Math.floor(index * (CUTS.length + 1) / of) - 1];
  const before = number + 1 >= of ? undefined : cut(number + 1);
  // With more segments than ranges the first ones are empty.
  return { from: cut(number) ?? "", ...(number + 1 < of && { before: before ?? "" }) };
}

/** True if the partition is in the range. */
export function isInRange(pk: string, { from, before }: PartitionRange): boolean {
  return compareUtf8(pk, from) >= 0 && (before === undefined || compareUtf8(pk, before) < 0);
}
