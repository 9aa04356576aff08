import type { NewItem, ObjectStore, Table } from "../storage/ports.ts";
import type { NamedObject } from "./kinds.ts";
import type { Salvage } from "./salvage.ts";

/** Source of the items of a restore. */
export interface ItemSource {
  /** Id of the source, by which an interrupted restore continues. */
  id: string;
  /** The items, the same ones each time. */
  items: () => AsyncIterable<NewItem>;
}

/** Options of a restore. */
export interface RestoreOptions {
  /** Store of the objects that the items name. A restore does not write to it. */
  objects: ObjectStore;
  /** Empty, or what an earlier restore from the same source has left. */
  table: Table;
  /** `strict` reports manifests whose blobs or children are missing. */
  references: "strict" | "sparse";
  /** Ensures that an object exists. Answers the reason if it does not. */
  obtain: (object: NamedObject) => Promise<string | undefined>;
  /** Maximum objects at once. */
  parallel: number;
  /** Treatment of open uploads: swept when they expire, or left out because their objects were not copied. */
  uploads: "sweep" | "leave out";
  /** True to leave a purge of a shared cache. False by default. */
  purges?: boolean;
  /** Finds content that the source does not name. */
  salvage?: Salvage | undefined;
  /** Called with a line for each difference. */
  report: (line: string) => void;
  /** Called with the number of lines done; each line is read three times. */
  progress?: ((lines: number) => void) | undefined;
}

/** Result of a restore. */
export interface RestoreReport {
  /** Blobs that are there now. */
  blobs: number;
  /** Manifests that are there now. */
  manifests: number;
  /** Tags that are there now. */
  tags: number;
  /** Blobs and manifests that are not, since their object is not. */
  lost: number;
  /** Manifests of which referenced content is missing, in strict mode. */
  incomplete: number;
  /** Tags whose manifest does not exist. */
  dropped: number;
}
