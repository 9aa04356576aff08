import { observer } from "../../telemetry/observer.ts";
import { RecentMap } from "../../storage/bounded_map.ts";
import { RegistryError } from "../../oci/mod.ts";
import type { Table } from "../../storage/ports.ts";
import {
  expirySortKey,
  openUploadPrefix,
  openUploadShard,
  partsOf,
  stored,
  type UploadAttributes,
} from "../items/mod.ts";

/** Limits on the open uploads of one principal, across all processes. 0 means no limit. */
export interface UploadLimits {
  /** Uploads. */
  openUploads: number;
  /** Bytes in them. */
  openUploadBytes: number;
}

/** Time to live of the counts of other processes, in milliseconds. */
const REFRESH_AFTER_MS = 2000;

/** Milliseconds that the index may lag behind what this process knows better. */
const INDEX_LAG_MS = 2000;

/** Maximum uploads that are read if only their bytes are limited. */
const MAX_COUNTED_UPLOADS = 1000;

/** Maximum principals whose counts are in memory. */
const MAX_PRINCIPALS = 10_000;

/** `Retry-After` in seconds. Most uploads end within that time. */
const RETRY_AFTER_SECONDS = 10;

/** Counted upload. */
interface Counted {
  bytes: number;
  /** Time of this process's last contact with it; 0 if it is known only from the index. */
  at: number;
}

/** Open uploads of one principal. */
class Tally {
  /** Uploads in the order of their start, as far as it is known. */
  uploads = new Map<string, Counted>();
  /** Uploads that ended in this process, with their times. */
  readonly ended = new Map<string, number>();
  bytes = 0;
  readAt = -Infinity;
  reading: Promise<void> | undefined;

  bytesOf(id: string): number {
    return this.uploads.get(id)?.bytes ?? 0;
  }

  set(id: string, upload: Counted): void {
    this.bytes += upload.bytes - this.bytesOf(id);
    this.uploads.set(id, upload);
  }

  remove(id: string): void {
    this.bytes -= this.bytesOf(id);
    this.uploads.delete(id);
  }
}

/**
 * Counts what each principal has open, in all processes together: by the index, which names the open uploads of each, and
 * by what this process itself has begun and ended since. So nothing is written for it, and the index is asked once when an
 * upload begins, and not even then if it was a moment ago. What others began in the last seconds may be missing.
 */
export class OpenUploads {
  readonly #limits: UploadLimits;
  readonly #table: Pick<Table, "queryIndex">;
  readonly #now: () => number;
  readonly #tallies = new RecentMap<string, Tally>(MAX_PRINCIPALS);

  /** Over the table that has the uploads. */
  constructor(limits: UploadLimits, { table, now }: { table: Pick<Table, "queryIndex">; now: () => number }) {
    this.#limits = limits;
    this.#table = table;
    this.#now = now;
  }

  /**
   * Counts an upload that is about to be announced.
   *
   * @throws {RegistryError} 429 if the limit is reached.
   */
  async begin(principal: string, id: string): Promise<void> {
    const { openUploads } = this.#limits;
    // Reserves the place before the check, so that concurrent requests cannot exceed the limit.
    const tally = this.#tallyOf(principal);
    tally.set(id, { bytes: tally.bytesOf(id), at: this.#now() });
    await this.look(principal);
    const place = [...tally.uploads.keys()].indexOf(id);
    if (openUploads === 0 || place < openUploads) return;
    tally.remove(id);
    throw tooMuch(`Cannot start another upload: ${openUploads} are open`);
  }

  /** Reads the principal's open uploads, unless they are known. */
  async look(principal: string): Promise<void> {
    const tally = this.#tallyOf(principal);
    if (tally.readAt + REFRESH_AFTER_MS > this.#now()) return;
    await (tally.reading ??= this.#read(principal, tally).finally(() => tally.reading = undefined));
  }

  /**
   * Counts `bytes` of an upload, stored or about to be. {@linkcode look} must have been called.
   *
   * @throws {RegistryError} 429 if all uploads together exceed the limit.
   */
  hold(principal: string, id: string, bytes: number): void {
    const { openUploadBytes } = this.#limits;
    const tally = this.#tallyOf(principal);
    if (openUploadBytes > 0 && tally.bytes - tally.bytesOf(id) + bytes > openUploadBytes) {
      throw tooMuch(`Cannot accept more bytes: all open uploads together may have ${openUploadBytes}`);
    }
    tally.set(id, { bytes, at: this.#now() });
  }

  /** Ends the count of an upload. */
  end(principal: string, id: string): void {
    const tally = this.#tallyOf(principal);
    tally.remove(id);
    tally.ended.set(id, this.#now());
  }

  #tallyOf(principal: string): Tally {
    let tally = this.#tallies.get(principal);
    if (tally === undefined) this.#tallies.set(principal, tally = new Tally());
    return tally;
  }

  async #read(principal: string, tally: Tally): Promise<void> {
    const began = this.#now();
    const prefix = openUploadPrefix(principal);
    // An expired upload is not counted any more.
    const after = prefix + expirySortKey(began);
    const limit = this.#limits.openUploads === 0 ? MAX_COUNTED_UPLOADS : this.#limits.openUploads + 1;
    const items = await this.#table.queryIndex(openUploadShard(principal), { prefix, after, limit });
    for (const [id, at] of tally.ended) {
      if (at + INDEX_LAG_MS <= began) tally.ended.delete(id);
    }
    const known = tally.uploads;
    tally.uploads = new Map();
    tally.bytes = 0;
    for (const item of items) {
      const { id } = partsOf("upload", item);
      if (tally.ended.has(id)) continue;
      const { offset } = stored<UploadAttributes>(item)!.attributes;
      const { bytes, at } = known.get(id) ?? { bytes: 0, at: 0 };
      tally.set(id, { bytes: Math.max(offset, bytes), at });
    }
    for (const [id, upload] of known) {
      if (upload.at + INDEX_LAG_MS > began && !tally.uploads.has(id)) tally.set(id, upload);
    }
    tally.readAt = began;
  }
}

function tooMuch(message: string): RegistryError {
  observer?.refused("open-uploads");
  return new RegistryError("TOOMANYREQUESTS", message, {
    headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
  });
}
