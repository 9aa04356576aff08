import type { Digest, RepositoryName } from "../../oci/mod.ts";
import type { Item, Key, NewItem } from "../../storage/ports.ts";
import { type Context, isOld } from "./context.ts";
import { expirySortKey, GARBAGE_SHARDS, keyOf, partsOf, stored } from "../items/mod.ts";

/**
 * Content that is about to become garbage. An operation leaves a candidate before the change that makes content
 * unreferenced, so the cost of garbage collection depends on the garbage and not on the registry's size. A candidate
 * proves nothing. A lost one loses space, never content: the full pass finds what it named.
 */
export type GarbageCandidate =
  | {
    /** A manifest that is deleted or was refused: its edges, its place among the referrers, its tag marks, its content. */
    kind: "manifest";
    repository: RepositoryName;
    digest: Digest;
    /** The digests that it references: its edges can't be found by the manifest. */
    targets: Digest[];
    /** The digest that it refers to by `subject`. */
    subject?: string | undefined;
  }
  | {
    /** `tags`: tag marks of a manifest that a tag has left; `blob`: the repository's link to a blob, and the blob. */
    kind: "tags" | "blob";
    repository: RepositoryName;
    digest: Digest;
  }
  /** A repository that is deleted: its own items. */
  | { kind: "repository"; repository: RepositoryName };

/** Stored form of a {@linkcode GarbageCandidate}; its kind is in the key. */
export type CandidateAttributes = {
  repository: RepositoryName;
  digest?: Digest;
  targets?: Digest[];
  subject?: string;
};

/** Maximum targets of one item, which must stay far below 400 KB; a manifest with more targets takes several items. */
const MAX_TARGETS = 1000;

/** Candidates of one thing within this part of the grace period are one item. */
const MERGES_PER_GRACE = 16;

/**
 * The items of a candidate. `since` is the time, in milliseconds since the epoch, from which the grace period counts. It
 * is rounded up, so that many candidates of the same thing are one item.
 */
export function candidateItems(
  { grace }: Pick<Context, "grace">,
  candidate: GarbageCandidate,
  since: number,
): NewItem[] {
  const { kind, repository } = candidate;
  const span = Math.max(1, Math.floor(grace / MERGES_PER_GRACE));
  const time = Math.ceil(since / span) * span;
  const keyIn = (shard: string, content: string) =>
    keyOf("candidate", { shard, time: expirySortKey(time), garbage: kind, content });
  if (candidate.kind === "repository") {
    const shard = (repository.length % GARBAGE_SHARDS.length).toString(16);
    return [{ ...keyIn(shard, repository), attributes: { repository } }];
  }
  const { digest } = candidate;
  const shard = digest[digest.indexOf(":") + 1]!;
  const content = `${repository}#${digest}`;
  if (candidate.kind !== "manifest") {
    return [{ ...keyIn(shard, content), attributes: { repository, digest } }];
  }
  const { targets, subject } = candidate;
  const chunks = Math.max(1, Math.ceil(targets.length / MAX_TARGETS));
  return Array.from({ length: chunks }, (_, i) => {
    const some = targets.slice(i * MAX_TARGETS, (i + 1) * MAX_TARGETS);
    const attributes: CandidateAttributes = {
      repository,
      digest,
      targets: some,
      ...(subject === undefined ? {} : { subject }),
    };
    // Named by its first target, so that two parts of one manifest never merge, whenever they are put.
    return { ...keyIn(shard, `${content}#${some[0] ?? ""}`), attributes };
  });
}

/**
 * Puts candidates, each with the present as its time, and purges and intents of the same change: one request of the table for
 * all of them.
 */
export async function leaveCandidates(
  context: Pick<Context, "table" | "now" | "grace">,
  candidates: GarbageCandidate[],
  others: NewItem[] = [],
): Promise<void> {
  const now = context.now();
  const items = candidates.flatMap((candidate) => candidateItems(context, candidate, now));
  await context.table.putMany([...items, ...others]);
}

/** The candidate that an item holds; `undefined` for a kind that this release does not know. */
export function candidateOf(item: Item): GarbageCandidate | undefined {
  const { garbage: kind } = partsOf("candidate", item);
  const { repository, digest, targets = [], subject } = stored<CandidateAttributes>(item)!.attributes;
  if (kind === "repository") return { kind, repository };
  if (digest === undefined) return undefined;
  if (kind === "manifest") return { kind, repository, digest, targets, subject };
  return kind === "tags" || kind === "blob" ? { kind, repository, digest } : undefined;
}

/** The time of a candidate, in milliseconds since the epoch. */
export function candidateTime(key: Key): number {
  return Number(partsOf("candidate", key).time);
}

/**
 * True if the grace period of the candidate has passed. A check before the change itself, which may still be running,
 * would find nothing to do.
 */
export function isDue(context: Context, item: Key): boolean {
  return isOld(context, candidateTime(item));
}
