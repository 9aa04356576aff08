import { withTimeout } from "../../storage/start.ts";
import type { Snapshot } from "../../telemetry/mod.ts";
import type { OthersMetrics } from "./messages.ts";

/** Milliseconds that the supervisor may take: Prometheus waits for 10 seconds by default. */
const LIMIT_MS = 5000;

/** Collections of metrics that a worker has asked for. */
export class Collections {
  readonly #asked = new Map<number, (snapshots: Snapshot[]) => void>();
  #count = 0;

  /**
   * Asks for the metrics of the other workers, with a number for the answer.
   *
   * @throws {Error} if the supervisor does not answer: a sum without some workers would look like a restart.
   */
  async ask(send: (id: number) => void): Promise<Snapshot[]> {
    const id = this.#count++;
    const { promise, resolve } = Promise.withResolvers<Snapshot[]>();
    this.#asked.set(id, resolve);
    send(id);
    try {
      return await withTimeout(promise, LIMIT_MS, () => {
        throw new Error("Cannot collect metrics: the supervisor does not answer");
      });
    } finally {
      this.#asked.delete(id);
    }
  }

  /** Takes the answer. */
  settle({ id, snapshots }: OthersMetrics): void {
    this.#asked.get(id)?.(snapshots);
  }
}
