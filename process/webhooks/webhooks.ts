import type { EventOutbox, EventReceiver, Notice, RelayReport } from "../../registry/mod.ts";
import { withTimeout } from "../../storage/ports.ts";
import { observer } from "../../telemetry/observer.ts";
import type { Log } from "../log/mod.ts";
import { startSweeper } from "../upkeep/mod.ts";
import { type ReceiverStats, ReceiverWorker } from "./receiver_worker.ts";

/** Options of {@linkcode Webhooks}. */
export interface WebhooksOptions {
  /** Events that wait. */
  outbox: EventOutbox;
  /** True if this process also takes up events of other processes. */
  takesOthers: boolean;
  /** Log of deliveries and failures. */
  log: Pick<Log, "info" | "warn" | "error">;
}

/** Milliseconds from a change to its events, and to those of the changes after it. */
const SETTLE_MS = 100;

/** Milliseconds until the next attempt after the table has failed. */
const OUTAGE_MS = 5000;

/** Milliseconds between two looks for events of other processes. */
const OTHERS_INTERVAL_MS = 10_000;

/** Milliseconds that a stop may take for the last events. */
const STOP_LIMIT_MS = 1000;

/** Age in milliseconds of the dead letters that are deleted, and the time between two looks for them. */
const DEAD_LETTERS_MS = { age: 30 * 24 * 60 * 60_000, interval: 60 * 60_000 };

/** Delivers events to receivers in the background. */
export class Webhooks {
  readonly #outbox: EventOutbox;
  readonly #options: WebhooksOptions;
  readonly #others: { stop: () => void };
  #workers: ReceiverWorker[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #relaying: Promise<void> = Promise.resolve();
  #droppedAt = 0;
  #stopped = false;

  /** Starts, without receivers yet. */
  constructor(options: WebhooksOptions) {
    const { outbox, takesOthers, log } = options;
    this.#outbox = outbox;
    this.#options = options;
    outbox.onSettled(() => this.#plan(SETTLE_MS));
    const oldest = () => Math.max(0, ...this.#workers.map(({ stats }) => stats.age)) / 1000;
    observer?.watch("skerry.background.oldest_age", oldest, "webhooks");
    this.#others = startSweeper({
      interval: takesOthers ? OTHERS_INTERVAL_MS : 0,
      failed: (error) => log.error("Cannot look for events", error),
      sweep: () => this.#takeOthers(),
    });
  }

  /** Replaces the receivers. An attempt that is under way ends. */
  use(receivers: readonly EventReceiver[]): void {
    for (const worker of this.#workers) worker.stop();
    this.#workers = receivers.map((receiver) => new ReceiverWorker(receiver, this.#options));
    for (const worker of this.#workers) worker.wake();
  }

  /** Takes up and delivers what waits, once: in about `budget` milliseconds. */
  async run(budget: number): Promise<void> {
    const end = performance.now() + budget;
    const stopped = () => this.#stopped || performance.now() > end;
    await this.#relay();
    if (this.#options.takesOthers) await this.#takeOthers();
    await Promise.all(this.#workers.map((worker) => worker.run({ stopped })));
  }

  /** Delivers an event that no change proves, if that is possible. */
  async announce(notice: Notice, isFor: (receiver: EventReceiver) => boolean = () => true): Promise<void> {
    try {
      this.#wake(await this.#outbox.announce(this.#receivers().filter(isFor), notice));
    } catch (error) {
      this.#options.log.error(`Cannot announce the event "${notice.type}"`, error);
    }
  }

  /** Warnings for the operator: receivers that accept no events. */
  warnings(): string[] {
    return this.#workers.map(({ warning }) => warning).filter((warning) => warning !== undefined);
  }

  /** Counts of this process, of each receiver. */
  stats(): ReceiverStats[] {
    return this.#workers.map(({ stats }) => ({ ...stats }));
  }

  /** Takes up the last events of this process and delivers them, within a second, and begins no more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#others.stop();
    const last = async () => {
      await this.#relay();
      await Promise.all(this.#workers.map((worker) => worker.run()));
    };
    await withTimeout(last(), STOP_LIMIT_MS, () => undefined);
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const worker of this.#workers) worker.stop();
  }

  #receivers(): EventReceiver[] {
    return this.#workers.map(({ receiver }) => receiver);
  }

  #plan(milliseconds: number): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#relay();
    }, milliseconds);
  }

  /** Takes up the changes of this process that are over. */
  #relay(): Promise<void> {
    return this.#relaying = this.#relaying.then(async () => {
      if (!this.#outbox.hasSettled) return;
      try {
        this.#wake(await this.#outbox.relay(this.#receivers()));
      } catch (error) {
        if (!this.#stopped) this.#options.log.error("Cannot take up events", error);
        this.#plan(OUTAGE_MS);
      }
    });
  }

  async #takeOthers(): Promise<void> {
    await this.#outbox.relayOthers(this.#receivers(), { stopped: () => this.#stopped });
    for (const worker of this.#workers) worker.wake();
    if (Date.now() < this.#droppedAt + DEAD_LETTERS_MS.interval) return;
    this.#droppedAt = Date.now();
    const events = await this.#outbox.dropOld(DEAD_LETTERS_MS.age);
    if (events > 0) this.#options.log.info("Deleted old dead letters", { events });
  }

  #wake({ shards }: RelayReport): void {
    for (const worker of this.#workers) {
      const own = shards.get(worker.receiver.name);
      if (own !== undefined) worker.wake(own);
    }
  }
}
