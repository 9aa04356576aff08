import { type EventOutbox, type EventReceiver, formatAge, type QueueReport } from "../../registry/mod.ts";
import { observer } from "../../telemetry/observer.ts";
import type { Log } from "../log/mod.ts";

/** Milliseconds until the next look if another process delivers to the receiver, at least and at most. */
const TAKEN_MS = { least: 500, most: 1500 };

/** Shortest and longest pause after a receiver was given up for now, in milliseconds. It doubles each time. */
const DOWN_MS = { least: 1000, most: 300_000 };

/** Milliseconds until the next look after the table has failed. */
const OUTAGE_MS = 30_000;

/** Maximum milliseconds of a timer. A later attempt is looked for again by then. */
const MAX_TIMER_MS = 3_600_000;

/** Age in milliseconds from which an event that waits causes a warning. */
const WARNING_AGE_MS = 60_000;

/** Deliveries of a process to a receiver since its start. */
export interface ReceiverStats {
  /** Name of the receiver. */
  name: string;
  /** Number of delivered events. */
  delivered: number;
  /** Number of failed attempts. */
  failed: number;
  /** Number of events that became dead letters. */
  dead: number;
  /** Age in milliseconds of the oldest event that waited when this process last looked; 0 if none did. */
  age: number;
}

/** Delivers the events of one receiver in the background. Others neither wait for it nor fail with it. */
export class ReceiverWorker {
  /** The receiver. */
  readonly receiver: EventReceiver;
  /** Counts since the start. */
  readonly stats: ReceiverStats;
  readonly #outbox: EventOutbox;
  readonly #log: Pick<Log, "info" | "warn" | "error">;
  /** Shards to look at; all of them if absent. */
  #shards: Set<string> | undefined = new Set();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #running: Promise<void> | undefined;
  #notBefore = 0;
  #downs = 0;
  #isFailing = false;
  #stopped = false;

  /** Does nothing yet. */
  constructor(
    receiver: EventReceiver,
    { outbox, log }: { outbox: EventOutbox; log: Pick<Log, "info" | "warn" | "error"> },
  ) {
    this.receiver = receiver;
    this.#outbox = outbox;
    this.#log = log;
    this.stats = { name: receiver.name, delivered: 0, failed: 0, dead: 0, age: 0 };
  }

  /** Delivers soon: what was put in these shards, or everything that waits. */
  wake(shards?: Iterable<string>): void {
    this.#expect(shards);
    this.#plan(0);
  }

  /** Delivers what waits, once. `stopped` ends it after the attempts that are under way. */
  async run({ stopped = () => false }: { stopped?: () => boolean } = {}): Promise<void> {
    await this.#running;
    this.#running = this.#deliver(() => this.#stopped || stopped()).finally(() => this.#running = undefined);
    await this.#running;
  }

  /** Warning for the operator; `undefined` if the receiver accepts events. */
  get warning(): string | undefined {
    if (!this.#isFailing || this.stats.age < WARNING_AGE_MS) return undefined;
    return `Webhook "${this.receiver.name}" has accepted no event for ${formatAge(this.stats.age)}`;
  }

  /** Begins no further attempt. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #expect(shards: Iterable<string> | undefined): void {
    if (shards === undefined) this.#shards = undefined;
    else for (const shard of shards) this.#shards?.add(shard);
  }

  #plan(milliseconds: number): void {
    const now = performance.now();
    const at = Math.max(now + Math.min(MAX_TIMER_MS, milliseconds), this.#notBefore);
    if (this.#stopped || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.run();
    }, at - now);
  }

  async #deliver(stopped: () => boolean): Promise<void> {
    const shards = this.#shards;
    this.#shards = new Set();
    const began = performance.now();
    try {
      const report = await this.#outbox.deliver(this.receiver, { ...(shards && { shards }), stopped });
      this.#note(report);
      if (report.delivered > 0) observer?.delivered("webhooks", report.lag, report.delivered);
      if (report.dead > 0) observer?.deadLetters(report.dead);
      if (!report.isTaken) observer?.ran("webhooks", performance.now() - began, report.failed === 0);
      if (report.isTaken) {
        this.#expect(shards);
        this.#plan(TAKEN_MS.least + Math.random() * (TAKEN_MS.most - TAKEN_MS.least));
      } else if (report.next !== undefined) {
        this.#expect(undefined);
        this.#plan(Math.max(0, report.next - Date.now()));
      }
    } catch (error) {
      this.#expect(shards);
      observer?.ran("webhooks", performance.now() - began, false);
      if (!this.#stopped) {
        this.#log.error(`Cannot deliver the events of webhook "${this.receiver.name}"`, error);
      }
      this.#plan(OUTAGE_MS);
    }
  }

  #note({ delivered, failed, dead, error, isTaken, isDown, age, lag }: QueueReport): void {
    if (isTaken) return;
    const { name } = this.receiver;
    const { stats } = this;
    stats.delivered += delivered;
    stats.failed += failed;
    stats.dead += dead;
    stats.age = age;
    this.#downs = isDown ? this.#downs + 1 : 0;
    if (isDown) {
      const pause = Math.min(DOWN_MS.most, DOWN_MS.least * 2 ** Math.min(20, this.#downs - 1));
      this.#notBefore = performance.now() + pause * (0.8 + 0.4 * Math.random());
    }
    if (delivered > 0) this.#log.info("Delivered events", { webhook: name, events: delivered, lagMs: lag });
    if (dead > 0) {
      this.#log.error(`Webhook "${name}" gave up events: list them with "skerry events --dead"`, error);
    }
    // Once: the warning stays in /readyz.
    if (failed > 0 && !this.#isFailing && !this.#stopped) {
      this.#log.warn(`Webhook "${name}" does not accept events; attempts go on`, { reason: reasonOf(error) });
    }
    if (failed > 0) this.#isFailing = true;
    else if (delivered > 0) this.#isFailing = false;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
