import type { Snapshot } from "../../telemetry/mod.ts";
import type { Measured } from "./messages.ts";
import type { WorkerSlot } from "./worker_slot.ts";

// Not literal: it loads a library, and only a worker that has ended needs it.
const importTelemetry = (): Promise<typeof import("../../telemetry/mod.ts")> =>
  import(new URL("../../telemetry/mod.ts", import.meta.url).href);

/** Milliseconds after which the last metrics of a worker that does not answer count. */
const PATIENCE_MS = 2000;

/** Collection that a worker has asked for. */
interface Collection {
  readonly by: WorkerSlot;
  readonly id: number;
  /** Workers whose metrics are missing. */
  readonly missing: Set<WorkerSlot>;
  readonly snapshots: Snapshot[];
  /** Ends the wait for them. */
  readonly timer: ReturnType<typeof setTimeout>;
}

/**
 * Passes the metrics of all workers on to the one that serves them. The counts of a worker that has ended stay in the
 * sum, as it last reported them: otherwise the sum would fall, and a rate over it would count everything again.
 */
export class WorkerMetrics {
  readonly #slots: readonly WorkerSlot[];
  readonly #collections = new Map<number, Collection>();
  /** Last metrics of each worker. */
  readonly #last = new Map<WorkerSlot, Snapshot>();
  /** Counts of workers that have ended. */
  #ended: Promise<Snapshot> = Promise.resolve([]);
  #count = 0;

  /** Metrics of the workers of these slots. */
  constructor(slots: readonly WorkerSlot[]) {
    this.#slots = slots;
  }

  /** Asks every worker that is open, and answers `by` when all have told. Also asks `by`: it may end too. */
  collect(by: WorkerSlot, id: number): void {
    const asked = this.#slots.filter(({ isOpen }) => isOpen);
    const number = this.#count++;
    const timer = setTimeout(() => this.#complete(number), PATIENCE_MS);
    const collection = { by, id, missing: new Set(asked), snapshots: [], timer };
    this.#collections.set(number, collection);
    for (const slot of asked) slot.send({ kind: "measure", id: number });
    this.#settle(number, collection);
  }

  /** Takes the metrics of a worker. */
  receive(slot: WorkerSlot, { id, snapshot }: Measured): void {
    this.#last.set(slot, snapshot);
    const collection = this.#collections.get(id);
    if (!collection?.missing.delete(slot)) return;
    if (slot !== collection.by) collection.snapshots.push(snapshot);
    this.#settle(id, collection);
  }

  /** Expects nothing of a worker that has ended, and keeps its counts. */
  forget(slot: WorkerSlot): void {
    const last = this.#last.get(slot);
    this.#last.delete(slot);
    if (last !== undefined) {
      this.#ended = this.#ended.then(async (before) => {
        const { lastOf, sumOf } = await importTelemetry();
        return await sumOf([before, lastOf(last)]);
      });
    }
    for (const [id, collection] of this.#collections) {
      if (collection.by === slot) this.#drop(id, collection);
      else if (collection.missing.delete(slot)) this.#settle(id, collection);
    }
  }

  /** Ends a collection with the last metrics of the workers that have not answered. */
  #complete(number: number): void {
    const collection = this.#collections.get(number);
    if (collection === undefined) return;
    for (const slot of collection.missing) {
      const last = this.#last.get(slot);
      if (last !== undefined && slot !== collection.by) collection.snapshots.push(last);
    }
    collection.missing.clear();
    this.#settle(number, collection);
  }

  #drop(number: number, { timer }: Collection): void {
    clearTimeout(timer);
    this.#collections.delete(number);
  }

  async #settle(number: number, collection: Collection): Promise<void> {
    const { by, id, missing, snapshots } = collection;
    if (missing.size > 0) return;
    this.#drop(number, collection);
    by.send({ kind: "collected", id, snapshots: [await this.#ended, ...snapshots] });
  }
}
