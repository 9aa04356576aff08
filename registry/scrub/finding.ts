/** Kind of a fault, as reports name it. */
export type FindingKind =
  /** The object's bytes are not what the digest says. */
  | "corrupt-object"
  /** The object has another size than its item says. */
  | "truncated-object"
  /** There is no object under the key that an item names. */
  | "missing-object"
  /** The store has the object and fails whenever it is read. */
  | "unreadable-object"
  /** A blob is marked as damaged although its object is what the digest says. */
  | "mistaken-mark"
  /** No item names the object, and no upload owns it. */
  | "orphan-object"
  /** A manifest's bytes are not what the digest, the size or the media type says. */
  | "corrupt-manifest"
  /** A link to a blob that has no item. */
  | "dangling-link"
  /** An edge of a manifest that is not there. */
  | "dangling-edge"
  /** The mark of a tag on a manifest that is not there. */
  | "dangling-tag-mark"
  /** A manifest that is not there among the referrers of another. */
  | "dangling-referrer"
  /** A tag that points at a manifest which is not there. */
  | "tag-without-manifest"
  /** An item that is not of the form that its key calls for. */
  | "unreadable-item";

/** Remains of a delete, which garbage collection removes: reported, but no damage. */
export const LEFTOVERS: readonly FindingKind[] = ["dangling-edge", "dangling-tag-mark"];

/** Something that is wrong. */
export interface Finding {
  /** Kind of the fault. */
  kind: FindingKind;
  /** The repository that it is in, where it is in one. */
  repository?: string;
  /** Which one: a digest, a tag, an item's key. Of an orphan, the digest of its content. */
  name: string;
  /** The object's key, where it is about an object. */
  object?: string;
  /** More of it, for people. */
  note: string;
  /** Repair that was made; absent if none was. */
  repaired?: string;
}

/** How much a scrub has done. */
export interface ScrubReport {
  /** Items that were looked at. */
  items: number;
  /** Objects and manifests whose content was read. */
  contents: number;
  /** Bytes of these. */
  bytes: number;
  /** Objects in the store. */
  objects: number;
  /** Number of faults. */
  findings: number;
  /** How much of that is no damage, but what deletes have left behind and no collector has come by yet. */
  leftovers: number;
  /** How much of it was repaired. */
  repaired: number;
}

/** How a scrub is done. */
export interface ScrubOptions {
  /** Makes the repairs that lose nothing. */
  repair?: boolean;
  /** Bytes of content that are read in a second; without a bound where absent. */
  rate?: number;
  /** Told of each thing that is wrong, as soon as that is certain. */
  found?: (finding: Finding) => void;
  /** Told now and then how far it has come. */
  progress?: (report: ScrubReport) => void;
  /** Most keys of objects that are held at a time; 100,000 by default, which take about 16 MiB. */
  keys?: number;
}
