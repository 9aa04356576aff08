import { type Config, StartError } from "../../config/mod.ts";
import type { ChangeAnswer, ChangeOrder } from "./messages.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/**
 * Changes of the configuration in all workers. Each worker prepares a change; when all have, each makes it. A worker
 * that ends meanwhile does not count: the one after it starts with the configuration of that time.
 */
export class WorkerChanges {
  readonly #slots: readonly WorkerSlot[];
  /** Workers whose answer is awaited. */
  readonly #asked = new Map<WorkerSlot, (answer: ChangeAnswer | undefined) => void>();
  /** Workers that have prepared the present change. */
  readonly #prepared = new Set<WorkerSlot>();

  /** Changes in the workers of these slots, one change at a time. */
  constructor(slots: readonly WorkerSlot[]) {
    this.#slots = slots;
  }

  /**
   * Lets each running worker prepare a change.
   *
   * @throws {StartError} if one of them cannot.
   */
  async prepare(config: Config): Promise<void> {
    this.#prepared.clear();
    const answers = await this.#askAll(this.#slots.filter(({ isRunning }) => isRunning), {
      kind: "prepare",
      config,
    });
    for (const answer of answers) {
      if (answer?.kind !== "refused") continue;
      this.discard();
      throw new StartError(answer.problem);
    }
  }

  /**
   * Lets each worker make the change that it has prepared. A worker that has not prepared it has just started with the
   * configuration before: it is killed, and replaced.
   */
  async commit(): Promise<void> {
    const prepared = [...this.#prepared];
    for (const slot of this.#slots) if (slot.isRunning && !this.#prepared.has(slot)) slot.kill();
    await this.#askAll(prepared, { kind: "commit" });
    this.#prepared.clear();
  }

  /** Lets each worker forget the change that it has prepared. */
  discard(): void {
    for (const slot of this.#prepared) slot.send({ kind: "discard" });
    this.#prepared.clear();
  }

  /** Takes the answer of a worker. */
  receive(slot: WorkerSlot, answer: ChangeAnswer): void {
    if (answer.kind === "prepared") this.#prepared.add(slot);
    this.#settle(slot, answer);
  }

  /** Expects no answer of a worker that has ended. */
  forget(slot: WorkerSlot): void {
    this.#prepared.delete(slot);
    this.#settle(slot, undefined);
  }

  #settle(slot: WorkerSlot, answer: ChangeAnswer | undefined): void {
    this.#asked.get(slot)?.(answer);
    this.#asked.delete(slot);
  }

  #askAll(slots: readonly WorkerSlot[], order: ChangeOrder): Promise<(ChangeAnswer | undefined)[]> {
    return Promise.all(slots.map((slot) => {
      const { promise, resolve } = Promise.withResolvers<ChangeAnswer | undefined>();
      this.#asked.set(slot, resolve);
      slot.send(order);
      return promise;
    }));
  }
}
