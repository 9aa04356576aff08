import type { RepositoryName } from "../../oci/mod.ts";
import type { Key } from "../../storage/ports.ts";
import {
  type EventAttributes,
  type EventChange,
  historyOf,
  type ManifestAttributes,
  manifestKey,
  MAX_EARLIER_PUSHES,
  type MoveAttributes,
  moveKey,
  type RepositoryAttributes,
  repositoryKey,
  type Stored,
  type TagAttributes,
  tagKey,
} from "../items/mod.ts";
import { lifeOf, pushesOf } from "../protocol/mod.ts";

/** Result for an intent. `open`: its change is not made, and may still come. */
export type Verdict = "made" | "failed" | "open";

/** Intent of a lane. */
export interface LaneIntent {
  /** Its item. */
  item: Stored<EventAttributes>;
  /** True if this process knows that the change was made. */
  isMade: boolean;
  /** Result so far. */
  verdict?: Verdict;
}

/** Item that the intents of a lane change. */
export type LaneTarget = Stored<TagAttributes & ManifestAttributes & RepositoryAttributes> | undefined;

type ChangeOf<Kind extends EventChange["kind"]> = Extract<EventChange, { kind: Kind }>;

/** Name of the lane of a change: those of one tag, of one manifest or of one repository. */
export function laneOf({ repository, change }: Pick<EventAttributes, "repository" | "change">): string {
  if ("tag" in change) return `${repository}:${change.tag}`;
  return "digest" in change ? `${repository}@${change.digest}` : repository;
}

/** Key of the item that a change changes. */
export function targetKey({ repository, change }: Pick<EventAttributes, "repository" | "change">): Key {
  if ("tag" in change) return tagKey(repository, change.tag);
  return "digest" in change ? manifestKey(repository, change.digest) : repositoryKey(repository);
}

/**
 * Facts that intents prove. A delete or a move names the state that it has read, so that state was there, whether the
 * change was made or not.
 */
export class LaneEvidence {
  /** Last known move of each history of a tag. */
  readonly ends = new Map<string, number>();
  /** Digests of moves, by history and number. Garbage collection may have removed the moves of a deleted tag. */
  readonly #digests = new Map<string, string>();
  /** Ids of pushes that were made. */
  readonly pushes = new Set<string>();

  /** The facts that these intents of a lane prove, and its target as it was read. */
  constructor(intents: Pick<LaneIntent, "item">[], target: LaneTarget) {
    for (const { item: { attributes: { change } } } of intents) {
      if (change.kind === "tag.move") {
        const { history, number, before } = change;
        if (before !== undefined) this.#noteEnd(history, number - 1, before);
      }
      if (change.kind === "tag.delete") this.#noteEnd(change.history, change.number, change.before);
      if (change.kind === "manifest.delete") this.#notePushes(change.pushes);
      if (change.kind === "repository.delete") this.#notePushes([change.push]);
    }
    if (target === undefined) return;
    if (target.attributes.moves !== undefined) {
      const { id, last } = historyOf(target.attributes);
      this.#noteEnd(id, last, target.attributes.digest);
    } else this.#notePushes(pushesIn(target));
  }

  /** Digest of a move that was made; `undefined` if no intent tells it. */
  digestOf({ history, number }: ChangeOf<"tag.move">): string | undefined {
    return this.#digests.get(`${history} ${number}`);
  }

  #noteEnd(history: string, number: number, digest: string): void {
    this.ends.set(history, Math.max(this.ends.get(history) ?? 0, number));
    this.#digests.set(`${history} ${number}`, digest);
  }

  #notePushes(pushes: string[]): void {
    for (const push of pushes) this.pushes.add(push);
  }
}

/** Keys of the earlier moves of a tag that decide about intents of the lane. */
export function neededMoves(lane: LaneIntent[], evidence: LaneEvidence): Key[] {
  return lane.flatMap(({ item: { attributes: { repository, change } }, isMade }) => {
    if (isMade || change.kind !== "tag.move") return [];
    const isPast = change.number <= (evidence.ends.get(change.history) ?? 0);
    return isPast && evidence.digestOf(change) === undefined ? [moveKeyOf(repository, change)] : [];
  });
}

function moveKeyOf(repository: RepositoryName, { tag, history, number }: ChangeOf<"tag.move">): Key {
  return moveKey(repository, tag, history, number);
}

/** Items that decide about the intents of a lane. */
export interface LaneFacts {
  /** Item that they change, read consistently after they were put. */
  target: LaneTarget;
  /** Facts that intents prove. Complete if those intents were read after the target. */
  evidence: LaneEvidence;
  /** Moves of {@linkcode neededMoves} that exist, by sort key. */
  moves: Map<string, MoveAttributes>;
}

/** Decides about an intent of a lane. An `open` one was not made before the target was read, if the evidence is complete. */
export function judge({ item, isMade }: LaneIntent, { target, evidence, moves }: LaneFacts): Verdict {
  if (isMade) return "made";
  const { repository, change } = item.attributes;
  switch (change.kind) {
    case "tag.move": {
      if (change.number > (evidence.ends.get(change.history) ?? 0)) return "open";
      const digest = evidence.digestOf(change) ?? moves.get(moveKeyOf(repository, change).sk)?.digest;
      // Garbage collection has removed the move: many have followed it.
      return digest === undefined || digest === change.digest ? "made" : "failed";
    }
    case "tag.delete":
      if (target !== undefined && historyOf(target.attributes).id === change.history) {
        return target.version === change.version ? "open" : "failed";
      }
      // Another delete ended the history, after a move that this one had not seen.
      return (evidence.ends.get(change.history) ?? 0) > change.number ? "failed" : "made";
    case "manifest.push":
      if (evidence.pushes.has(change.push)) return "made";
      // The item may have forgotten the push: many have followed it.
      return target !== undefined && pushesIn(target).length > MAX_EARLIER_PUSHES ? "made" : "open";
    case "manifest.delete": {
      const [last] = change.pushes;
      if (target === undefined) return "made";
      if (target.version === change.version) return "open";
      // A push that has not found the manifest has put it anew.
      return last !== undefined && !pushesIn(target).includes(last) ? "made" : "failed";
    }
    case "repository.create":
      return evidence.pushes.has(change.push) ? "made" : "open";
    case "repository.delete":
      return target === undefined || lifeOf(target.attributes) !== change.push ? "made" : "open";
  }
}

/** Ids of the pushes of a manifest, or of the creation of a repository. */
function pushesIn({ attributes }: NonNullable<LaneTarget>): string[] {
  return attributes.digest === undefined && attributes.createdAt !== undefined
    ? [lifeOf(attributes)]
    : pushesOf(attributes);
}
