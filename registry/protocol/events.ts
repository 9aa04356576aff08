import { type Digest, RegistryError, type RepositoryName, type Tag } from "../../oci/mod.ts";
import type { ParsedManifest } from "../../oci/manifest.ts";
import type { Item, NewItem } from "../../storage/ports.ts";
import {
  type EventAttributes,
  type EventChange,
  eventItem,
  historyOf,
  type ManifestAttributes,
  randomId,
  type RepositoryAttributes,
  type Stored,
  stored,
  type TagAttributes,
  type TagHistory,
} from "../items/mod.ts";
import { skewOf } from "./clock_skew.ts";
import type { Context, Work } from "./context.ts";
import type { Intent } from "./event_intents.ts";
import type { IntentKinds } from "./event_rules.ts";

/** Makes the intents of changes in one repository. */
export class RepositoryIntents {
  readonly #work: Work;
  readonly #repository: RepositoryName;
  readonly #kinds: IntentKinds;
  readonly #by: string | undefined;

  /** For changes of this work, made for the principal `by`. */
  constructor(work: Work, repository: RepositoryName, kinds: IntentKinds, by: string | undefined) {
    this.#work = work;
    this.#repository = repository;
    this.#kinds = kinds;
    this.#by = by;
  }

  /** Push of a manifest by the push `push`. */
  manifestPush(manifest: ParsedManifest, digest: Digest, size: number, push: string): Intent | undefined {
    if (!this.#kinds.manifests) return undefined;
    const { mediaType, artifactType, subject } = manifest;
    return this.#leave({
      kind: "manifest.push",
      digest,
      mediaType,
      size,
      push,
      ...(artifactType !== undefined && { artifactType }),
      ...(subject !== undefined && { subject: subject.digest }),
    });
  }

  /** Delete of a manifest by the version that was read. */
  manifestDelete(digest: Digest, { attributes, version }: Stored<ManifestAttributes>): Intent | undefined {
    if (!this.#kinds.manifests) return undefined;
    return this.#leave({ kind: "manifest.delete", digest, version, pushes: pushesOf(attributes) });
  }

  /** Move of a tag from the item that was read, as this move of this history. */
  tagMove(
    tag: Tag,
    seen: Stored<TagAttributes> | undefined,
    digest: Digest,
    { id, last }: TagHistory,
  ): Intent | undefined {
    if (!this.#kinds.tags) return undefined;
    const before = seen?.attributes.digest;
    const change = { kind: "tag.move" as const, tag, digest, history: id, number: last };
    return this.#leave({ ...change, ...(before !== undefined && { before }) }, seen);
  }

  /** Delete of a tag by the version that was read. */
  tagDelete(tag: Tag, seen: Stored<TagAttributes>): Intent | undefined {
    if (!this.#kinds.tags) return undefined;
    const { id, last } = historyOf(seen.attributes);
    const { version, attributes: { digest: before } } = seen;
    return this.#leave({ kind: "tag.delete", tag, before, history: id, number: last, version }, seen);
  }

  /** Creation of the repository by the push `push`. */
  repositoryCreate(push: string): Intent | undefined {
    return this.#kinds.repositories ? this.#leave({ kind: "repository.create", push }) : undefined;
  }

  /** Deletion of the repository. */
  repositoryDelete({ attributes }: Stored<RepositoryAttributes>): Intent | undefined {
    if (!this.#kinds.repositories) return undefined;
    return this.#leave({ kind: "repository.delete", push: lifeOf(attributes) });
  }

  /** True if manifests keep the ids of earlier pushes, which prove their events. */
  get tracesPushes(): boolean {
    return this.#kinds.manifests;
  }

  #leave(change: EventChange, tag?: Stored<TagAttributes>): Intent {
    const { events, until, deadline, now } = this.#work;
    // After the last move, whatever the clock of the process that made it: the times of a tag's intents grow. One more,
    // so that a tag that is created right after its delete has a later time too.
    const time = Math.max(now(), tag?.attributes.moves[0]?.at ?? 0) + 1;
    const due = until + deadline + skewOf(this.#work);
    const attributes = { repository: this.#repository, change, due, ...(this.#by && { by: this.#by }) };
    const intent = { item: eventItem(attributes, time), time, isMade: false };
    events?.left?.push(intent);
    return intent;
  }
}

/** Ids of the pushes of a manifest, the last first. */
export function pushesOf({ push, earlier = [] }: Pick<ManifestAttributes, "push" | "earlier">): string[] {
  return [...(push === undefined ? [] : [push]), ...earlier];
}

/** Id of the life of a repository, from its creation to its deletion. */
export function lifeOf({ push, createdAt }: RepositoryAttributes): string {
  return push ?? `${createdAt}`;
}

/** Intents of changes in a repository; `undefined` if no receiver asks for their events. */
export async function intentsIn(
  work: Work,
  repository: RepositoryName,
  by: string | undefined,
): Promise<RepositoryIntents | undefined> {
  const kinds = await work.events?.rules.in(repository);
  return kinds && new RepositoryIntents(work, repository, kinds, by);
}

/** Items of intents, without those that are absent. */
export function intentItems(...intents: (Intent | undefined)[]): NewItem[] {
  return intents.filter((intent) => intent !== undefined).map(({ item }) => item);
}

/** Puts intents that go with nothing else. */
export async function leaveIntents({ table }: Work, ...intents: (Intent | undefined)[]): Promise<void> {
  const items = intentItems(...intents);
  if (items.length > 0) await table.putMany(items);
}

/** Notes that the change of an intent was made. */
export function noteMade(intent: Intent | undefined): void {
  if (intent !== undefined) intent.isMade = true;
}

/** Move of a tag as it is planned. */
export interface PlannedMove {
  /** History and number of the move. */
  history: TagHistory;
  /** Its intent. */
  intent: Intent | undefined;
}

/** Plans the move of a tag to `digest`, from the item that was read. */
export function planMove(
  intents: RepositoryIntents | undefined,
  tag: Tag,
  seen: Stored<TagAttributes> | undefined,
  digest: Digest,
): PlannedMove {
  const { id, last } = seen === undefined ? { id: randomId(), last: 0 } : historyOf(seen.attributes);
  const history = { id, last: last + 1 };
  const isMove = seen?.attributes.digest !== digest;
  return { history, intent: isMove ? intents?.tagMove(tag, seen, digest, history) : undefined };
}

/** A context for one change, or for several. `settle` is to be called once they are over. */
export function beginEvents(context: Context): { context: Context; settle: () => void } {
  const { events } = context;
  if (events === undefined) return { context, settle() {} };
  const left: Intent[] = [];
  return {
    context: { ...context, events: { ...events, left } },
    settle() {
      if (left.length > 0) events.settled(left);
    },
  };
}

/** True if a request that failed with this error makes no change any more: its last write has an answer. */
export function isOver(error: unknown): boolean {
  return error instanceof RegistryError && error.status < 500;
}

/** Intent that an item of the table holds. */
export function intentOf(item: Item): Stored<EventAttributes> {
  return stored<EventAttributes>(item)!;
}
