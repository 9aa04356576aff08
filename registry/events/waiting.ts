import { queryPages, type Table } from "../../storage/ports.ts";
import {
  type DeadLetterAttributes,
  deadLetterKey,
  deadLetterPartition,
  type DeliveryAttributes,
  deliveryPartition,
  deliveryPrefix,
  EVENT_SHARDS,
  type EventMessage,
  partsOf,
  type Stored,
  stored,
} from "../items/mod.ts";
import { deliveryItem } from "./relay.ts";

/** Event that waits for a receiver. */
export interface PendingEvent {
  /** Name of the receiver. */
  receiver: string;
  /** The event. */
  message: EventMessage;
  /** Failed attempts so far. */
  attempts: number;
  /** Time of the next attempt at the earliest, in milliseconds since the epoch; 0 for one that was not attempted. */
  notBefore: number;
  /** Reason of the last failure. */
  error?: string;
}

/** Event that a receiver has not accepted in all attempts. */
export interface DeadLetter {
  /** Its id, for {@linkcode retryDeadLetter} and {@linkcode dropDeadLetter}. */
  id: string;
  /** Name of the receiver. */
  receiver: string;
  /** The event. */
  message: EventMessage;
  /** Failed attempts. */
  attempts: number;
  /** Reason of the last failure. */
  error: string;
  /** Time of the last attempt, in milliseconds since the epoch. */
  at: number;
}

/** Page of dead letters. */
export interface DeadLetterPage {
  /** Dead letters, in the order of their ids. */
  items: DeadLetter[];
  /** Id after which the next page begins; absent on the last page. */
  next?: string;
}

/** Items of one query. */
const PAGE = 100;

/** Events that wait, the oldest first, at most `limit` of each shard; of one receiver if it is named. */
export async function pendingEvents(
  table: Table,
  { receiver, limit = PAGE }: { receiver?: string | undefined; limit?: number } = {},
): Promise<PendingEvent[]> {
  const prefix = receiver === undefined ? {} : { prefix: deliveryPrefix(receiver) };
  const shards = await Promise.all(
    EVENT_SHARDS.map((shard) =>
      table.query(deliveryPartition(shard), { ...prefix, limit, consistent: true })
    ),
  );
  const pending = shards.flat().map((item) => {
    const { lane: _, ...attributes } = stored<DeliveryAttributes>(item)!.attributes;
    return { receiver: partsOf("delivery", item).receiver, ...attributes };
  });
  return pending.sort((one, other) => one.message.at - other.message.at).slice(0, limit);
}

/** Dead letters after the one with the id `after`. */
export async function deadLetters(
  table: Table,
  { after, limit = PAGE }: { after?: string | undefined; limit?: number } = {},
): Promise<DeadLetterPage> {
  const start = after === undefined ? undefined : parseId(after);
  const items: DeadLetter[] = [];
  for (const shard of EVENT_SHARDS) {
    if (start !== undefined && shard < start.shard) continue;
    const from = start?.shard === shard
      ? { after: deadLetterKey(shard, start.event, start.receiver).sk }
      : {};
    const query = { ...from, limit: limit - items.length + 1, consistent: true };
    const found = await table.query(deadLetterPartition(shard), query);
    items.push(...found.map((item) => letterOf(stored<DeadLetterAttributes>(item)!)));
    if (items.length > limit) return { items: items.slice(0, limit), next: items[limit - 1]!.id };
  }
  return { items };
}

/** Delivers a dead letter again, from the first attempt on. Answers it; `undefined` if there is none. */
export async function retryDeadLetter(
  { table, now }: { table: Table; now: () => number },
  id: string,
): Promise<DeadLetter | undefined> {
  const item = await readLetter(table, id);
  if (item === undefined) return undefined;
  const { shard, receiver } = partsOf("dead letter", item);
  await table.putMany([deliveryItem(shard, receiver, now(), item.attributes)]);
  await deleteLetter(table, item);
  return letterOf(item);
}

/** Deletes a dead letter. Answers it; `undefined` if there is none. */
export async function dropDeadLetter(table: Table, id: string): Promise<DeadLetter | undefined> {
  const item = await readLetter(table, id);
  if (item === undefined) return undefined;
  await deleteLetter(table, item);
  return letterOf(item);
}

/** Deletes the dead letters whose last attempt was before `time`, in milliseconds since the epoch. Answers their number. */
export async function dropDeadLettersBefore(table: Table, time: number): Promise<number> {
  let count = 0;
  for (const shard of EVENT_SHARDS) {
    for await (
      const items of queryPages(table, deadLetterPartition(shard), { limit: PAGE, consistent: true })
    ) {
      const old = items.map((item) => stored<DeadLetterAttributes>(item)!)
        .filter(({ attributes }) => attributes.at < time);
      for (const item of old) await deleteLetter(table, item);
      count += old.length;
    }
  }
  return count;
}

async function readLetter(table: Table, id: string): Promise<Stored<DeadLetterAttributes> | undefined> {
  const parsed = parseId(id);
  if (parsed === undefined) return undefined;
  const key = deadLetterKey(parsed.shard, parsed.event, parsed.receiver);
  return stored<DeadLetterAttributes>(await table.get(key, { consistent: true }));
}

async function deleteLetter(table: Table, { pk, sk, version }: Stored<DeadLetterAttributes>): Promise<void> {
  await table.delete({ pk, sk }, { ifVersion: version });
}

function letterOf(item: Stored<DeadLetterAttributes>): DeadLetter {
  const { shard, id, receiver } = partsOf("dead letter", item);
  const { lane: _, ...attributes } = item.attributes;
  return { id: `${shard}.${id}.${receiver}`, receiver, ...attributes };
}

/** Parts of the id of a dead letter; `undefined` for text that is none. */
function parseId(id: string): { shard: string; event: string; receiver: string } | undefined {
  const [, shard, event, receiver] = /^([0-9a-f])\.([0-9a-z-]+)\.([a-z0-9-]+)$/.exec(id) ?? [];
  return shard && event && receiver ? { shard, event, receiver } : undefined;
}
