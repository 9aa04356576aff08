import type { RepositoryName } from "../../oci/mod.ts";
import { inParallel, type Key, queryPages } from "../../storage/ports.ts";
import {
  type DeliveryAttributes,
  deliveryKey,
  EVENT_SHARDS,
  type EventAttributes,
  type EventMessage,
  eventPartition,
  eventShard,
  type MoveAttributes,
  partsOf,
  type Stored,
  stored,
} from "../items/mod.ts";
import {
  beginWork,
  type Context,
  type EventType,
  type Intent,
  intentOf,
  type Work,
} from "../protocol/mod.ts";
import { shuffled } from "../background/mod.ts";
import { inOrder } from "./lane_order.ts";
import { messagesOf } from "./messages.ts";
import type { EventReceiver } from "./receiver.ts";
import {
  judge,
  LaneEvidence,
  type LaneIntent,
  laneOf,
  type LaneTarget,
  neededMoves,
  targetKey,
} from "./verdict.ts";

/** Intents of one query. */
const PAGE_INTENTS = 100;

/** Lanes of one step. */
const STEP_LANES = 50;

/** Deletes at once. */
const PARALLEL_DELETES = 8;

/**
 * Age in milliseconds from which every process takes up an intent, or a small part of the grace period. The process that
 * has left it is faster.
 */
const OTHERS_AGE_MS = 10_000;

/** Part of the grace period, within which garbage collection leaves what proves a change. */
const OTHERS_AGE_SHARE = 1 / 16;

/** Events that were made. */
export interface RelayReport {
  /** Number of deliveries that were put. */
  deliveries: number;
  /** Shards that they were put in, by the name of the receiver. */
  shards: Map<string, Set<string>>;
}

type Window = Stored<EventAttributes>[];

/**
 * Turns intents into deliveries to receivers, or drops them:
 *
 * 1. Read the intents of a shard, consistently: all that an intent of a made change follows are among them.
 * 2. Read what they change, consistently, unless this process knows that its changes were made. Before an intent is
 *    dropped, read the intents again: what it has changed may have been deleted, and the intent of that delete tells it.
 *    So too before a delete of a tag counts: another delete may have been made.
 * 3. Put the deliveries of made changes, those of one lane one after the other.
 * 4. Delete the intents that are decided, by version. After a crash before this they are decided once more.
 *
 * Any number of processes may do this at once.
 */
export class Relay {
  readonly #context: Context;
  readonly #receivers: readonly EventReceiver[];

  /** Relay to these receivers. */
  constructor(context: Context, receivers: readonly EventReceiver[]) {
    this.#context = context;
    this.#receivers = receivers;
  }

  /** Takes up intents of this process whose changes are over, with all others of their lanes. */
  async relayOwn(own: Intent[]): Promise<RelayReport> {
    const report = emptyReport();
    const known = new Map(own.map((intent) => [intent.item.sk, intent]));
    for (const shard of new Set(own.map(({ item }) => eventShard(item.attributes.repository)))) {
      await this.#relay(shard, await this.#read(shard), ({ sk }) => known.has(sk), known, report);
    }
    return report;
  }

  /** Takes up intents that no process has taken up: it has crashed, or is a command. */
  async relayOthers({ stopped = () => false }: { stopped?: () => boolean } = {}): Promise<RelayReport> {
    const report = emptyReport();
    for (const shard of shuffled(EVENT_SHARDS)) {
      if (stopped()) break;
      const { now, grace } = this.#context;
      const age = Math.min(OTHERS_AGE_MS, grace * OTHERS_AGE_SHARE);
      const due = (await this.#read(shard)).filter((item) => timeOf(item) + age <= now());
      if (due.length === 0) continue;
      // Again: a query is no snapshot, and may have missed an intent that one of these follows.
      const window = await this.#read(shard);
      const keys = new Set(due.map(({ sk }) => sk));
      await this.#relay(shard, window, ({ sk }) => keys.has(sk), new Map(), report);
    }
    return report;
  }

  /** Puts deliveries of an event that no intent has announced. */
  async announce(
    message: EventMessage & { type: EventType },
    repository: RepositoryName | undefined,
  ): Promise<RelayReport> {
    const { table } = beginWork(this.#context);
    const lane = message.id;
    const items = this.#receivers.filter(({ wants }) => wants(message.type, repository))
      .map(({ name }) => deliveryItem(eventShard(repository ?? lane), name, message.at, { message, lane }));
    if (items.length > 0) await table.putMany(items);
    const report = emptyReport();
    noteIn(report, items);
    return report;
  }

  /** 1. */
  async #read(shard: string): Promise<Window> {
    const query = { limit: PAGE_INTENTS, consistent: true };
    const window: Window = [];
    for await (const items of queryPages(this.#context.table, eventPartition(shard), query)) {
      window.push(...items.map(intentOf));
    }
    return window;
  }

  async #relay(
    shard: string,
    window: Window,
    isWanted: (item: Key) => boolean,
    known: Map<string, Intent>,
    report: RelayReport,
  ): Promise<void> {
    const lanes = new Map<string, LaneIntent[]>();
    for (const item of window) {
      const lane = laneOf(item.attributes);
      const isMade = known.get(item.sk)?.isMade ?? false;
      lanes.set(lane, [...lanes.get(lane) ?? [], { item, isMade }]);
    }
    const wanted = [...lanes.values()].filter((lane) => lane.some(({ item }) => isWanted(item)));
    for (let first = 0; first < wanted.length; first += STEP_LANES) {
      // Late writes would deliver events again.
      const work = beginWork(this.#context);
      const step = wanted.slice(first, first + STEP_LANES);
      const isLast = (intent: LaneIntent) => this.#isOver(intent, known);
      const targets = await this.#decide(work, shard, step, isLast);
      await this.#put(work, shard, step, { targets, report });
      await this.#forget(work, step.flat().filter((intent) => intent.verdict !== "open" || isLast(intent)));
    }
  }

  /** 2. Answers what the intents of each lane change, if it was read. `isLast` is true for those that are now decided. */
  async #decide(
    work: Work,
    shard: string,
    lanes: LaneIntent[][],
    isLast: (intent: LaneIntent) => boolean,
  ): Promise<LaneTarget[]> {
    for (const intent of lanes.flat()) intent.verdict = intent.isMade ? "made" : "open";
    const unsure = lanes.flatMap((lane, i) => lane.every(({ isMade }) => isMade) ? [] : [i]);
    const targets: LaneTarget[] = lanes.map(() => undefined);
    const keys = unsure.map((i) => targetKey(lanes[i]![0]!.item.attributes));
    const read = await work.table.getMany(keys, { consistent: true });
    for (const [n, i] of unsure.entries()) targets[i] = read[n] as LaneTarget;
    const judgeAll = (evidenceOf: (lane: LaneIntent[]) => Pick<LaneIntent, "item">[]) =>
      this.#judge(
        work,
        unsure.map((i) => ({ lane: lanes[i]!, target: targets[i], evidence: evidenceOf(lanes[i]!) })),
      );
    await judgeAll((lane) => lane);
    const isDoubtful = (intent: LaneIntent) =>
      intent.verdict === "open" && isLast(intent) ||
      intent.verdict === "made" && !intent.isMade && intent.item.attributes.change.kind === "tag.delete";
    if (!unsure.some((i) => lanes[i]!.some(isDoubtful))) return targets;
    const later = Map.groupBy(await this.#read(shard), ({ attributes }) => laneOf(attributes));
    await judgeAll((lane) => [
      ...lane,
      ...(later.get(laneOf(lane[0]!.item.attributes)) ?? []).map((item) => ({ item })),
    ]);
    return targets;
  }

  async #judge(
    work: Work,
    lanes: { lane: LaneIntent[]; target: LaneTarget; evidence: Pick<LaneIntent, "item">[] }[],
  ): Promise<void> {
    const facts = lanes.map(({ lane, target, evidence }) => ({
      lane,
      target,
      evidence: new LaneEvidence(evidence, target),
    }));
    const moves = new Map<string, MoveAttributes>();
    const keys = unique(facts.flatMap(({ lane, evidence }) => neededMoves(lane, evidence)));
    for (const move of await work.table.getMany(keys, { consistent: true })) {
      if (move !== undefined) moves.set(move.sk, stored<MoveAttributes>(move)!.attributes);
    }
    for (const { lane, ...decisive } of facts) {
      for (const intent of lane) intent.verdict = judge(intent, { ...decisive, moves });
    }
  }

  /** 3. */
  async #put(
    work: Work,
    shard: string,
    lanes: LaneIntent[][],
    { targets, report }: { targets: LaneTarget[]; report: RelayReport },
  ): Promise<void> {
    const queues = lanes.map((lane, i) => {
      const name = laneOf(lane[0]!.item.attributes);
      let last = 0;
      return inOrder(lane, targets[i]).flatMap(({ item }) => {
        // In this order also where clocks differ.
        last = Math.max(timeOf(item), last + 1);
        const { repository } = item.attributes;
        return messagesOf(item.attributes, timeOf(item)).map((message) =>
          this.#receivers.filter(({ wants }) => wants(message.type, repository))
            .map((receiver) => deliveryItem(shard, receiver.name, last, { message, lane: name }))
        );
      });
    });
    // A batch has no order, so it has one event of each lane.
    for (let round = 0; queues.some((queue) => queue.length > round); round++) {
      const items = queues.flatMap((queue) => queue[round] ?? []);
      if (items.length > 0) await work.table.putMany(items);
      noteIn(report, items);
    }
  }

  /** True if the change of the intent cannot be made any more: its request is over, or no request can take that long. */
  #isOver({ item }: LaneIntent, known: Map<string, Intent>): boolean {
    return known.has(item.sk) || item.attributes.due <= this.#context.now();
  }

  /** 4. */
  async #forget({ table }: Work, intents: LaneIntent[]): Promise<void> {
    await inParallel(intents, PARALLEL_DELETES, async ({ item: { pk, sk, version } }) => {
      await table.delete({ pk, sk }, { ifVersion: version });
    });
  }
}

function emptyReport(): RelayReport {
  return { deliveries: 0, shards: new Map() };
}

/** Adds deliveries that were put to a report. */
function noteIn(report: RelayReport, deliveries: Key[]): void {
  for (const delivery of deliveries) {
    const { receiver, shard } = partsOf("delivery", delivery);
    report.deliveries++;
    report.shards.set(receiver, (report.shards.get(receiver) ?? new Set()).add(shard));
  }
}

/** Item of a delivery that was not attempted yet. */
export function deliveryItem(
  shard: string,
  receiver: string,
  time: number,
  { message, lane }: { message: EventMessage; lane: string },
): Key & { attributes: DeliveryAttributes } {
  const attributes: DeliveryAttributes = { message, lane, attempts: 0, notBefore: 0 };
  return { ...deliveryKey(shard, receiver, time, message.id), attributes };
}

/** Time of an intent in milliseconds since the epoch. */
function timeOf(item: Key): number {
  return Number(partsOf("event", item).time);
}

function unique(keys: Key[]): Key[] {
  return [...new Map(keys.map((key) => [`${key.pk} ${key.sk}`, key])).values()];
}
