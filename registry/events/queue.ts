import { inParallel } from "../../storage/ports.ts";
import { Lease } from "../background/mod.ts";
import {
  deadLetterKey,
  type DeliveryAttributes,
  deliveryPartition,
  deliveryPrefix,
  EVENT_SHARDS,
  partsOf,
  type Stored,
  stored,
} from "../items/mod.ts";
import type { Context } from "../protocol/mod.ts";
import type { EventReceiver, Refusal } from "./receiver.ts";

/** Deliveries of one shard that are looked at. While more of them wait, the receiver gets no newer events. */
const WINDOW = 1000;

/** Deliveries to one receiver at once, each of another lane. */
const PARALLEL_LANES = 8;

/** Milliseconds of the lease on a receiver: twice as long as one attempt may take. */
const LEASE_MS = 30_000;

/** Failures in a row after which the receiver counts as down, and no more are attempted for now. */
const MAX_FAILURES = 10;

/** Maximum characters of a stored reason. */
const MAX_REASON = 300;

/** Result of {@linkcode drainQueue}. */
export interface QueueReport {
  /** Number of delivered events. */
  delivered: number;
  /** Number of failed attempts. */
  failed: number;
  /** Number of events that became dead letters. */
  dead: number;
  /** Milliseconds from an event to its delivery, at most. */
  lag: number;
  /** Last failure. */
  error?: unknown;
  /** True if another process delivers to the receiver. */
  isTaken: boolean;
  /** True if the receiver fails again and again. */
  isDown: boolean;
  /** Time of the next attempt in milliseconds since the epoch; absent if nothing waits. */
  next?: number;
  /** Age in milliseconds of the oldest event that waits; 0 if none does. */
  age: number;
}

type Delivery = Stored<DeliveryAttributes>;

/** Options of {@linkcode drainQueue}. */
export interface QueueOptions {
  /** Shards in which deliveries are known to wait; all are looked at by default. */
  shards?: Iterable<string>;
  /** True if the work is to end after the attempts that are under way. */
  stopped?: () => boolean;
}

/**
 * Delivers the events that wait for a receiver. Those of one lane are delivered one after the other: an event waits as
 * long as an earlier one of its lane does. A process that delivers an event has seen, by a consistent read, that no
 * earlier one waits. So the order does not depend on the lease, which only saves attempts.
 */
export async function drainQueue(
  context: Context,
  receiver: EventReceiver,
  { shards, stopped = () => false }: QueueOptions = {},
): Promise<QueueReport> {
  return await new Drain(context, receiver, { shards: [...shards ?? EVENT_SHARDS], stopped })
    .run({ expected: shards !== undefined });
}

class Drain {
  readonly #context: Context;
  readonly #receiver: EventReceiver;
  readonly #options: Required<QueueOptions>;
  readonly #report: QueueReport = {
    delivered: 0,
    failed: 0,
    dead: 0,
    lag: 0,
    isTaken: false,
    isDown: false,
    age: 0,
  };
  #lease: Lease<Record<string, never>> | undefined;
  #isLost = false;
  #failuresInRow = 0;

  constructor(context: Context, receiver: EventReceiver, options: Required<QueueOptions>) {
    this.#context = context;
    this.#receiver = receiver;
    this.#options = options;
  }

  async run({ expected }: { expected: boolean }): Promise<QueueReport> {
    try {
      if (expected && !await this.#take()) return this.#report;
      for (;;) {
        const lanes = await this.#readLanes();
        const ready = lanes.filter(([head]) => head!.attributes.notBefore <= this.#context.now());
        this.#noteWaiting(lanes);
        if (ready.length === 0 || this.#isOver()) return this.#report;
        // Read again with the lease: another process may have delivered them.
        if (this.#lease !== undefined) await this.#deliverAll(ready);
        else if (!await this.#take()) return this.#report;
      }
    } finally {
      if (!this.#isLost) await this.#lease?.release({});
    }
  }

  async #take(): Promise<boolean> {
    this.#lease = await Lease.take(this.#context, `webhook ${this.#receiver.name}`, () => ({}), {
      most: LEASE_MS,
    });
    this.#report.isTaken = this.#lease === undefined;
    return !this.#report.isTaken;
  }

  #isOver(): boolean {
    return this.#isLost || this.#report.isDown || this.#options.stopped();
  }

  /** Deliveries that wait, by lane, the oldest first. */
  async #readLanes(): Promise<Delivery[][]> {
    const lanes = new Map<string, Delivery[]>();
    const query = { prefix: deliveryPrefix(this.#receiver.name), limit: WINDOW, consistent: true };
    for (const shard of this.#options.shards) {
      for (const item of await this.#context.table.query(deliveryPartition(shard), query)) {
        const delivery = stored<DeliveryAttributes>(item)!;
        const { lane } = delivery.attributes;
        lanes.set(lane, [...lanes.get(lane) ?? [], delivery]);
      }
    }
    return [...lanes.values()];
  }

  #noteWaiting(lanes: Delivery[][]): void {
    const heads = lanes.map(([head]) => head!.attributes);
    delete this.#report.next;
    if (heads.length > 0) this.#report.next = Math.min(...heads.map(({ notBefore }) => notBefore));
    const oldest = Math.min(...heads.map(({ message }) => message.at));
    this.#report.age = heads.length === 0 ? 0 : Math.max(0, this.#context.now() - oldest);
  }

  async #deliverAll(lanes: Delivery[][]): Promise<void> {
    await inParallel(lanes, PARALLEL_LANES, async (lane) => {
      for (const delivery of lane) {
        if (this.#isOver() || !await this.#attempt(delivery)) return;
        this.#isLost ||= !await this.#lease!.keep({});
      }
    });
  }

  /** Attempts a delivery. Answers true if the next one of its lane may follow. */
  async #attempt(delivery: Delivery): Promise<boolean> {
    const { message, attempts } = delivery.attributes;
    try {
      await this.#receiver.deliver(message);
    } catch (error) {
      return await this.#fail(delivery, attempts + 1, error);
    }
    this.#failuresInRow = 0;
    this.#report.delivered++;
    this.#report.lag = Math.max(this.#report.lag, this.#context.now() - message.at);
    // After a crash before this it is delivered once more.
    await this.#delete(delivery);
    return true;
  }

  /** Answers true if the delivery has become a dead letter. */
  async #fail(delivery: Delivery, attempts: number, error: unknown): Promise<boolean> {
    const { table, now } = this.#context;
    const { retryAfter = 0, isFinal = false } = Object(error) as Refusal;
    this.#report.failed++;
    this.#report.error = error;
    this.#report.isDown ||= ++this.#failuresInRow >= MAX_FAILURES;
    const reason = String(error instanceof Error ? error.message : error).slice(0, MAX_REASON);
    const pause = this.#receiver.retries[attempts - 1];
    if (pause === undefined || isFinal) {
      await this.#bury(delivery, attempts, reason);
      return true;
    }
    // With jitter, so that events that have failed together do not come back together.
    const notBefore = now() + Math.round(Math.max(retryAfter, pause * (0.8 + 0.4 * Math.random())));
    const attributes = { ...delivery.attributes, attempts, notBefore, error: reason };
    const { pk, sk } = delivery;
    await table.put({ pk, sk, attributes }, { ifVersion: delivery.version });
    return false;
  }

  /** Makes a dead letter of the delivery. */
  async #bury(delivery: Delivery, attempts: number, error: string): Promise<void> {
    const { message, lane } = delivery.attributes;
    const { shard, receiver } = partsOf("delivery", delivery);
    const attributes = { message, lane, attempts, error, at: this.#context.now() };
    await this.#context.table.putMany([{ ...deadLetterKey(shard, message.id, receiver), attributes }]);
    this.#report.dead++;
    await this.#delete(delivery);
  }

  async #delete({ pk, sk, version }: Delivery): Promise<void> {
    await this.#context.table.delete({ pk, sk }, { ifVersion: version });
  }
}
