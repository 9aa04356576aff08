import { BucketReader } from "../../storage/objects/s3/mod.ts";
import type { ByteRange, StoredObject } from "../../storage/ports.ts";
import { DamageError, type SourceEntry, type SourceTree } from "./source_tree.ts";

/** Keys below a prefix of a bucket. */
export class BucketTree implements SourceTree {
  readonly place: string;
  readonly isLocal = false;
  readonly #reader: BucketReader;

  /** Tree over a reader; `place` describes it. */
  constructor(place: string, reader: BucketReader) {
    this.place = place;
    this.#reader = reader;
  }

  async *entries(folder: string): AsyncGenerator<SourceEntry> {
    for await (const { name, size } of this.#reader.list(folder)) {
      yield size === undefined ? { name, kind: "folder" } : { name, kind: "file", size };
    }
  }

  async size(path: string): Promise<number | undefined> {
    return await this.#reader.size(checked(path));
  }

  async get(path: string, range?: ByteRange): Promise<StoredObject | undefined> {
    return await this.#reader.get(checked(path), range);
  }
}

/** A key that no URL would change. Names of repositories, tags and digests give no other. */
function checked(path: string): string {
  if (BucketReader.reads(path)) return path;
  throw new DamageError("has a name that no registry gives");
}
