import type { NewItem, ObjectStore, Table } from "../storage/ports.ts";
import type { NamedObject } from "./kinds.ts";
import type { Salvage } from "./salvage.ts";

/** What a restore takes items from. */
export interface ItemSource {
  /** What is asked for again where a restore goes on that broke off. */
  id: string;
  /** The items, the same ones each time. */
  items: () => AsyncIterable<NewItem>;
}

/** What a restore takes. */
export interface RestoreOptions {
  /** Where the objects are that the items name. Nothing is written to it here. */
  objects: ObjectStore;
  /** Empty, or what an earlier restore from the same source has left. */
  table: Table;
  /** Whether a manifest without all that it references is worth a word. */
  references: "strict" | "sparse";
  /** Sees to it that an object is there, and says why it is not. */
  obtain: (object: NamedObject) => Promise<string | undefined>;
  /** How many objects may be seen to at once. */
  parallel: number;
  /** What becomes of uploads that had not ended: they are swept when they expire, or their objects are not here. */
  uploads: "sweep" | "leave out";
  /** Finds what the source does not know. */
  salvage?: Salvage | undefined;
  /** Told what is not as it was, a line each. */
  report: (line: string) => void;
  /** Told each time how many lines of the source are done; each one is read three times. */
  progress?: ((lines: number) => void) | undefined;
}

/** What a restore has come to. */
export interface RestoreReport {
  /** Blobs that are there now. */
  blobs: number;
  /** Manifests that are there now. */
  manifests: number;
  /** Tags that are there now. */
  tags: number;
  /** Blobs and manifests that are not, since their object is not. */
  lost: number;
  /** Manifests without all that they reference, in strict mode. */
  incomplete: number;
  /** Tags whose manifest is not there. */
  dropped: number;
}
