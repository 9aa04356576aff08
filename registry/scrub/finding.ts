/** Kind of a fault, as reports name it. */
export type FindingKind =
  /** The object's bytes do not match the digest. */
  | "corrupt-object"
  /** The object has another size than its item says. */
  | "truncated-object"
  /** There is no object under the key that an item names. */
  | "missing-object"
  /** The store has the object and fails whenever it is read. */
  | "unreadable-object"
  /** A blob is marked as damaged although its object matches the digest. */
  | "mistaken-mark"
  /** No item names the object, and no upload owns it. */
  | "orphan-object"
  /** A manifest's bytes do not match the digest, the size or the media type. */
  | "corrupt-manifest"
  /** A link to a blob that has no item. */
  | "dangling-link"
  /** An edge of a manifest that does not exist. */
  | "dangling-edge"
  /** A tag mark of a manifest that does not exist. */
  | "dangling-tag-mark"
  /** A list of referrers has a manifest that does not exist. */
  | "dangling-referrer"
  /** A tag points to a manifest that does not exist. */
  | "tag-without-manifest"
  /** An item that is not of the form that its key calls for. */
  | "unreadable-item";

/** Remains of a delete, which garbage collection removes: reported, but no damage. */
export const LEFTOVERS: readonly FindingKind[] = ["dangling-edge", "dangling-tag-mark"];

/** Something that is wrong. */
export interface Finding {
  /** Kind of the fault. */
  kind: FindingKind;
  /** Repository, if the fault is in one. */
  repository?: string;
  /** Name: a digest, a tag, or an item's key. For an orphan, the digest of its content. */
  name: string;
  /** Key of the object, if the fault is about one. */
  object?: string;
  /** More of it, for people. */
  note: string;
  /** Repair that was made; absent if none was. */
  repaired?: string;
}

/** Totals of a scrub. */
export interface ScrubReport {
  /** Number of checked items. */
  items: number;
  /** Objects and manifests whose content was read. */
  contents: number;
  /** Bytes of these. */
  bytes: number;
  /** Objects in the store. */
  objects: number;
  /** Number of faults. */
  findings: number;
  /** Number of faults that are no damage: remains of deletes that garbage collection has not removed yet. */
  leftovers: number;
  /** Number of repaired faults. */
  repaired: number;
}

/** Options of a scrub. */
export interface ScrubOptions {
  /** Makes the repairs that lose nothing. */
  repair?: boolean;
  /** Maximum bytes read a second; unlimited by default. */
  rate?: number;
  /** Called for each confirmed fault. */
  found?: (finding: Finding) => void;
  /** Called from time to time with the totals so far. */
  progress?: (report: ScrubReport) => void;
  /** Maximum object keys in memory; 100,000 by default, which take about 16 MiB. */
  keys?: number;
}
