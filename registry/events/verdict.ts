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

/** Name of the lane of a change: those of one tag, of one manifest or of one repository are judged together. */
export function laneOf({ repository, change }: Pick<EventAttributes, "repository" | "change">): string {
  if ("tag" in change) return `${repository}:${change.tag}`;
  return "digest" in change ? `${repository}@${change.digest}` : repository;
}

/** Key of the item that a change changes. */
export function targetKey({ repository, change }: Pick<EventAttributes, "repository" | "change">): Key {
  if ("tag" in change) return tagKey(repository, change.tag);
  return "digest" in change ? manifestKey(repository, change.digest) : repositoryKey(repository);
}

/** Keys of the earlier moves of a tag that decide about intents of the lane. */
export function neededMoves(lane: LaneIntent[], target: LaneTarget): Key[] {
  const ends = endsOf(lane, target);
  return lane.flatMap(({ item: { attributes: { repository, change } }, isMade }) => {
    if (isMade || change.kind !== "tag.move") return [];
    const end = ends.get(change.history);
    return end !== undefined && change.number < end.number ? [moveKeyOf(repository, change)] : [];
  });
}

function moveKeyOf(repository: RepositoryName, { tag, history, number }: ChangeOf<"tag.move">): Key {
  return moveKey(repository, tag, history, number);
}

/**
 * Decides about the intents of a lane, all of which were put before `target` was read, consistently. `moves` are the
 * moves of {@linkcode neededMoves} that exist, by sort key.
 */
export function judge(lane: LaneIntent[], target: LaneTarget, moves: Map<string, MoveAttributes>): Verdict[] {
  const ends = endsOf(lane, target);
  const pushes = new Set(target?.attributes.push === undefined ? [] : pushesOf(target.attributes));
  const deleted = new Set(lane.flatMap((intent) => {
    const { change } = intent.item.attributes;
    if (change.kind === "manifest.delete" && isManifestGone(change, target, pushes)) return change.pushes;
    return change.kind === "repository.delete" && isRepositoryGone(change, target) ? [change.push] : [];
  }));
  return lane.map(({ item: { attributes: { repository, change } }, isMade }): Verdict => {
    if (isMade) return "made";
    switch (change.kind) {
      case "tag.move": {
        const end = ends.get(change.history);
        if (end === undefined || change.number > end.number) return "open";
        const digest = change.number === end.number
          ? end.digest
          : moves.get(moveKeyOf(repository, change).sk)?.digest;
        // Garbage collection has removed the move: many have followed it.
        return digest === undefined || digest === change.digest ? "made" : "failed";
      }
      case "tag.delete":
        return verdictOfTagDelete(change, target);
      case "manifest.push": {
        if (pushes.has(change.push) || deleted.has(change.push)) return "made";
        // The item may have forgotten the push: many have followed it.
        return pushes.size > MAX_EARLIER_PUSHES ? "made" : "open";
      }
      case "manifest.delete":
        if (isManifestGone(change, target, pushes)) return "made";
        return target!.version === change.version ? "open" : "failed";
      case "repository.create":
        if (target !== undefined && lifeOf(target.attributes) === change.push) return "made";
        return deleted.has(change.push) ? "made" : "open";
      case "repository.delete":
        return isRepositoryGone(change, target) ? "made" : "open";
    }
  });
}

/** Last known move of each history of the tag: of the present one, and of those that an intent of the lane has ended. */
function endsOf(lane: LaneIntent[], target: LaneTarget): Map<string, { number: number; digest: string }> {
  const ends = new Map<string, { number: number; digest: string }>();
  for (const { item: { attributes: { change } } } of lane) {
    if (change.kind !== "tag.delete" || verdictOfTagDelete(change, target) !== "made") continue;
    const { history, number, before } = change;
    if ((ends.get(history)?.number ?? 0) <= number) ends.set(history, { number, digest: before });
  }
  if (target?.attributes.moves !== undefined) {
    const { id, last } = historyOf(target.attributes);
    ends.set(id, { number: last, digest: target.attributes.digest });
  }
  return ends;
}

function verdictOfTagDelete({ history, version }: ChangeOf<"tag.delete">, target: LaneTarget): Verdict {
  if (target === undefined || historyOf(target.attributes).id !== history) return "made";
  return target.version === version ? "open" : "failed";
}

/** True if the manifest is absent, or was put anew by a push that did not find it. */
function isManifestGone(
  { pushes: [last], version }: ChangeOf<"manifest.delete">,
  target: LaneTarget,
  pushes: Set<string>,
): boolean {
  if (target === undefined) return true;
  return target.version !== version && last !== undefined && !pushes.has(last);
}

function isRepositoryGone({ push }: { push: string }, target: LaneTarget): boolean {
  return target === undefined || lifeOf(target.attributes) !== push;
}
