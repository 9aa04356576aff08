import { createHash } from "node:crypto";
import type { Digest, RepositoryName, Tag } from "../../oci/mod.ts";
import { type Key, keyStart, keyText, type Value } from "../../storage/ports.ts";
import { ITEM_FORMS, keyOf } from "./identify.ts";
import { expirySortKey } from "./upload.ts";

/** Change that an intent announces, named by what proves it. */
export type EventChange =
  | {
    kind: "manifest.push";
    digest: Digest;
    mediaType: string;
    size: number;
    /** Id of the push, which the manifest's item has after the change. */
    push: string;
    artifactType?: string;
    subject?: string;
  }
  | {
    kind: "manifest.delete";
    digest: Digest;
    /** Ids of the pushes of the deleted manifest, the last first. */
    pushes: string[];
    /** Version of the manifest's item that the delete requires. */
    version: string;
  }
  | {
    kind: "tag.move";
    tag: Tag;
    digest: Digest;
    before?: Digest;
    /** History and number of the move. The first one creates the tag. */
    history: string;
    number: number;
  }
  | {
    kind: "tag.delete";
    tag: Tag;
    before: Digest;
    /** History that ends, and its last move. */
    history: string;
    number: number;
    /** Version of the tag's item that the delete requires. */
    version: string;
  }
  | {
    kind: "repository.create" | "repository.delete";
    /** Id of the push that created the repository; its creation time if an earlier release did. */
    push: string;
  };

/** Intent: a change that is about to be made, and the event that it is if it is made. */
export type EventAttributes = {
  repository: RepositoryName;
  change: EventChange;
  /** Principal of the change; absent for background work. */
  by?: string;
  /** Time in milliseconds since the epoch from which on the change can no longer be made. */
  due: number;
};

/** Item of an intent. */
export type EventItem = Key & { attributes: EventAttributes };

/** Event as receivers get it. */
export type EventMessage = {
  /** The same for each delivery of the event. */
  id: string;
  /** Its type, such as `tag.move`. */
  type: string;
  /** Time in milliseconds since the epoch. */
  at: number;
  /** Resource that the event is about, such as a repository with a tag; absent if there is none. */
  subject?: string;
  /** Facts of the event. */
  data: { [name: string]: Value };
};

/** Event that waits for one receiver. */
export type DeliveryAttributes = {
  message: EventMessage;
  /** Events of one lane are delivered in their order. */
  lane: string;
  /** Failed attempts so far. */
  attempts: number;
  /** Time of the next attempt at the earliest, in milliseconds since the epoch. */
  notBefore: number;
  /** Reason of the last failure. */
  error?: string;
};

/** Event that a receiver has not accepted in all attempts. */
export type DeadLetterAttributes = {
  message: EventMessage;
  lane: string;
  attempts: number;
  /** Reason of the last failure. */
  error: string;
  /** Time of the last attempt, in milliseconds since the epoch. */
  at: number;
};

/** Number of partitions of events. Few, because all are read every time. */
const SHARDS = 4;

/** Partitions of events, each by its name. All events of a repository are in one. */
export const EVENT_SHARDS: string[] = Array.from({ length: SHARDS }, (_, shard) => `${shard}`);

/** Partition of the events of a repository, or of other events by any text. */
export function eventShard(text: string): string {
  return `${Number.parseInt(hashOf(text)[0]!, 16) % SHARDS}`;
}

/** Id of the event of a change: two intents of one change have the same. */
export function eventId({ repository, change }: Pick<EventAttributes, "repository" | "change">): string {
  return hashOf(`${repository} ${proofOf(change)}`).slice(0, 32);
}

function proofOf(change: EventChange): string {
  switch (change.kind) {
    case "manifest.push":
      return `push ${change.push}`;
    case "manifest.delete":
      return `delete ${change.digest} ${change.pushes[0] ?? change.version}`;
    case "tag.move":
      return `move ${change.tag} ${change.history} ${change.number} ${change.digest}`;
    case "tag.delete":
      return `end ${change.tag} ${change.history}`;
    default:
      return `${change.kind} ${change.push}`;
  }
}

/** Item of an intent. Intents of one tag sort by `time`, in milliseconds since the epoch. */
export function eventItem(attributes: EventAttributes, time: number): EventItem {
  const shard = eventShard(attributes.repository);
  return {
    ...keyOf("event", { shard, time: expirySortKey(time), id: eventId(attributes) }),
    attributes,
  };
}

/** Partition of the intents of a shard. */
export function eventPartition(shard: string): string {
  return keyText(ITEM_FORMS.event.pk, { shard });
}

/** Partition of the deliveries of a shard. */
export function deliveryPartition(shard: string): string {
  return keyText(ITEM_FORMS.delivery.pk, { shard });
}

/** Start of the sort keys of the deliveries to a receiver. */
export function deliveryPrefix(receiver: string): string {
  return keyStart(ITEM_FORMS.delivery.sk, { receiver });
}

/** Key of a delivery. */
export function deliveryKey(shard: string, receiver: string, time: number, id: string): Key {
  return keyOf("delivery", { shard, receiver, time: expirySortKey(time), id });
}

/** Partition of the dead letters of a shard. */
export function deadLetterPartition(shard: string): string {
  return keyText(ITEM_FORMS["dead letter"].pk, { shard });
}

/** Key of a dead letter. */
export function deadLetterKey(shard: string, id: string, receiver: string): Key {
  return keyOf("dead letter", { shard, id, receiver });
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
