import { BoundedMap } from "../../storage/bounded_map.ts";
import type { Stored, UploadAttributes } from "../items/mod.ts";

/** Maximum uploads in memory; each takes some hundred bytes, or ten kilobytes if it has 10 GB. */
const MAX_UPLOADS = 256;

/**
 * Items of uploads as this process has last written them. A client commits right after its last byte, mostly at the same
 * process, and the first write of a commit is conditional on the version, so an item from here needs no read. If another
 * process has changed it, that write fails, and the item is read.
 */
export class RecentUploads {
  readonly #items = new BoundedMap<string, Stored<UploadAttributes>>(MAX_UPLOADS);

  /** Remembers the item of the upload `id`. */
  keep(id: string, item: Stored<UploadAttributes>): void {
    this.#items.set(id, item);
  }

  /** The item, once: the caller is about to change it. */
  take(id: string): Stored<UploadAttributes> | undefined {
    const item = this.#items.get(id);
    this.#items.delete(id);
    return item;
  }
}
