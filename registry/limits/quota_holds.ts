import type { Table } from "../../storage/ports.ts";
import { stored, type UploadAttributes, uploadKey } from "../items/mod.ts";

/** The part of a quota that {@linkcode QuotaHolds} keeps. */
export interface Holdable {
  /** Bytes of pushes that are under way in this process. */
  held: number;
}

/** Bytes that one push holds of the quotas of its repository. */
interface Hold {
  quotas: Holdable[];
  bytes: number;
  /** Time of the last change or review, in milliseconds since the epoch. */
  at: number;
}

/** Maximum pushes in memory; above that the longest idle one is forgotten. */
const MAX_HOLDS = 10_000;

/** Milliseconds after which an idle hold is reviewed: another process may have committed or cancelled the upload. */
const IDLE_MS = 60_000;

/** Holds of one review. */
const REVIEW_HOLDS = 100;

/**
 * Bytes that the pushes of this process are about to store, or have stored in open uploads: they take room of a quota
 * from their first byte on, so that no number of parallel pushes can store more than it allows. By the id of an upload, or
 * another one that is unique.
 */
export class QuotaHolds {
  readonly #now: () => number;
  /** In the order in which they were last set. */
  readonly #holds = new Map<string, Hold>();

  /** None yet. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Bytes that the push holds. */
  bytesOf(id: string): number {
    return this.#holds.get(id)?.bytes ?? 0;
  }

  /** Sets the bytes that the push reserves from now on; 0 for none. */
  set(id: string, quotas: Holdable[], bytes: number): void {
    this.#remove(id);
    if (bytes === 0) return;
    for (const quota of quotas) quota.held += bytes;
    this.#holds.set(id, { quotas, bytes, at: this.#now() });
    if (this.#holds.size > MAX_HOLDS) this.#remove(this.#holds.keys().next().value!);
  }

  /** Reduces the reserved bytes of the push; 0 releases all. */
  keep(id: string, bytes: number): void {
    const hold = this.#holds.get(id);
    if (hold !== undefined) this.set(id, hold.quotas, Math.min(bytes, hold.bytes));
  }

  /** Releases the reservations of the longest idle uploads that are not open any more. */
  async review({ table }: { table: Table }): Promise<void> {
    const since = this.#now() - IDLE_MS;
    const idle: string[] = [];
    for (const [id, { at }] of this.#holds) {
      if (at > since || idle.length === REVIEW_HOLDS) break;
      idle.push(id);
    }
    if (idle.length === 0) return;
    const items = await table.getMany(idle.map(uploadKey));
    for (const [i, id] of idle.entries()) {
      const upload = stored<UploadAttributes>(items[i])?.attributes;
      const isOpen = upload?.state === "open" || upload?.state === "committing";
      if (!isOpen) this.#remove(id);
      else this.keep(id, Math.max(upload.offset, this.bytesOf(id)));
    }
  }

  #remove(id: string): void {
    const hold = this.#holds.get(id);
    if (hold === undefined) return;
    for (const quota of hold.quotas) quota.held -= hold.bytes;
    this.#holds.delete(id);
  }
}
