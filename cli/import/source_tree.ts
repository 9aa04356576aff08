import type { ByteRange, StoredObject } from "../../storage/ports.ts";

/** Thrown for content of the source that cannot be used. The import lists it and goes on. */
export class DamageError extends Error {
  /** Name of the class, for logs. */
  override readonly name = "DamageError";
}

/** A name in a folder of the source. */
export interface SourceEntry {
  /** A single path segment. */
  name: string;
  /** `other` for a symbolic link, a device and everything else that no registry writes. */
  kind: "file" | "folder" | "other";
  /** Bytes of a file, where the list tells them at no cost. */
  size?: number;
}

/** Files of a registry that another program wrote. Paths are relative, with `/` between their segments. */
export interface SourceTree {
  /** Description of the place, for messages. */
  readonly place: string;
  /** True if a failed read means a damaged file, and not an outage of a store. */
  readonly isLocal: boolean;
  /** Names in a folder, in any order; none if the folder does not exist. `""` is the root. */
  entries(folder: string): AsyncIterable<SourceEntry>;
  /**
   * Size of a file in bytes; `undefined` if it does not exist.
   *
   * @throws {DamageError} if it is no file, or a symbolic link leads to it.
   */
  size(path: string): Promise<number | undefined>;
  /**
   * File or a range of it; `undefined` if it does not exist. The caller reads the body to its end or cancels it.
   *
   * @throws {DamageError} as {@linkcode size}, and for a file that cannot be read.
   */
  get(path: string, range?: ByteRange): Promise<StoredObject | undefined>;
}

/** True for a name that can be joined to a path. A key of a bucket may have empty segments. */
export function isPathSegment(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
}
