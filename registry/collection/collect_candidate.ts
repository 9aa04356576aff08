import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { type Item, queryPages } from "../../storage/ports.ts";
import { beginWork, changeEpoch, type Context, type GarbageCandidate, isOld } from "../protocol/mod.ts";
import { collectBlob, collectLink, isLinked, isReferenced, type Outcome } from "../blobs/mod.ts";
import {
  collectPointer,
  collectRepository,
  dangling,
  hasManifest,
  type Pointer,
  pointerOf,
  removePointer,
} from "./collect_leftovers.ts";
import {
  type BlobAttributes,
  blobKey,
  type EdgeAttributes,
  edgeKey,
  epochKey,
  type LinkAttributes,
  linkKey,
  movePrefix,
  partsOf,
  pulledKey,
  referrerKey,
  repositoryPartition,
  type Stored,
  stored,
  type TagAttributes,
  taggedPrefix,
  tagKey,
  usageKey,
} from "../items/mod.ts";
import { readManifest } from "../manifests/mod.ts";
import { blobRemoval, linkRemoval, pointerRemoval, type Removal, repositoryRemoval } from "../removal.ts";

/** Tag marks of one query. */
const PAGE_TAG_MARKS = 100;

/** Moves of one query: more than a history has. */
const PAGE_MOVES = 100;

/** Blobs whose items are read in one request. */
const BATCH_CONTENTS = 25;

/**
 * The end of a look at a candidate. `done`: nothing that it names is left to remove. `young`: something unneeded was used
 * at this time, within the grace period. `changed`: another process wrote something meanwhile.
 */
export type Verdict = { is: "done" } | { is: "young"; since: number } | { is: "changed" };

/** State that the looks of a run share. */
export interface Run {
  /** Called for each removal. */
  removed: (removal: Removal) => void;
  /** Repositories that were seen to have a manifest: its delete leaves a candidate that checks the repository. */
  inhabited: Set<RepositoryName>;
  /** Repositories that have lost a link since the run last changed their epoch. */
  outdated: Set<RepositoryName>;
}

/**
 * Checks everything that a candidate names, and removes garbage by the protocol of its kind. Continues at once with
 * everything that becomes unreferenced: from the edge to the link, and from the link to the blob.
 *
 * All reads are consistent. If two collectors remove the last two edges of a blob, each checks for edges after it has
 * deleted its own, so the later one finds none. With eventually consistent reads both could leave the link to the
 * other.
 */
export async function collectCandidate(
  context: Context,
  candidate: GarbageCandidate,
  run: Run,
): Promise<Verdict> {
  const look = new Look(context, candidate.repository, run);
  if (candidate.kind === "manifest") await look.atManifest(candidate);
  else if (candidate.kind === "tags") await look.atTags(candidate.digest);
  else if (candidate.kind === "blob") await look.atBlob(candidate.digest);
  else await look.atRepository();
  return look.verdict;
}

/**
 * Changes the epoch of a repository that has lost links: other processes must not answer from their caches that it has
 * the blobs.
 */
export async function renewEpoch(
  context: Context,
  repository: RepositoryName,
  { outdated }: Run,
): Promise<void> {
  // Before the change: a link that is removed meanwhile needs another one.
  if (!outdated.delete(repository)) return;
  try {
    await changeEpoch(beginWork(context), repository);
  } catch (error) {
    outdated.add(repository);
    throw error;
  }
}

/** A look at one candidate. */
class Look {
  readonly #context: Context;
  readonly #repository: RepositoryName;
  readonly #run: Run;
  #since: number | undefined;
  #isChanged = false;

  constructor(context: Context, repository: RepositoryName, run: Run) {
    this.#context = context;
    this.#repository = repository;
    this.#run = run;
  }

  get verdict(): Verdict {
    if (this.#isChanged) return { is: "changed" };
    return this.#since === undefined ? { is: "done" } : { is: "young", since: this.#since };
  }

  async atManifest(
    { digest, targets, subject }: Extract<GarbageCandidate, { kind: "manifest" }>,
  ): Promise<void> {
    const [context, repository] = [this.#context, this.#repository];
    // 1. Items that point at the manifest or belong to it. They are read before it, as all pointers are.
    const keys = targets.map((target) => edgeKey(repository, target, digest));
    const referrer = subject === undefined ? undefined : referrerKey(repository, subject, digest);
    if (referrer !== undefined) keys.push(referrer);
    const items = await context.table.getMany(keys, { consistent: true });
    // 2. A manifest that exists needs them. Its next delete leaves a candidate of its own.
    const isGone = await readManifest(context, repository, digest, { consistent: true }) === undefined;
    if (isGone) await this.#removePointers(items.filter((item) => item !== undefined));
    await this.atTags(digest);
    if (!isGone) return;
    // 3. The content that only this manifest needed, now that its edges are gone.
    await this.#atContents(targets);
    // 4. The repository, if this was its last manifest.
    await this.atRepository();
  }

  /** A repository's link to a blob, the blob, and what else is left of a repository that has no manifest. */
  async atBlob(digest: Digest): Promise<void> {
    await this.#atContents([digest]);
    await this.atRepository();
  }

  /** Tag marks of the manifest, and other remains of its tags. */
  async atTags(digest: Digest): Promise<void> {
    const { table } = this.#context;
    const query = { prefix: taggedPrefix(digest), limit: PAGE_TAG_MARKS, consistent: true };
    for await (const marks of queryPages(table, repositoryPartition(this.#repository), query)) {
      const tags = marks.map((mark) => partsOf("tag mark", mark).tag);
      const keys = tags.flatMap((tag) => [tagKey(this.#repository, tag), pulledKey(this.#repository, tag)]);
      const items = await table.getMany(keys, { consistent: true });
      for (const [i, mark] of marks.entries()) {
        await this.#atTag(digest, mark, items[2 * i], items[2 * i + 1]);
      }
    }
  }

  async #atTag(digest: Digest, mark: Item, tag: Item | undefined, pulled: Item | undefined): Promise<void> {
    const points = stored<TagAttributes>(tag)?.attributes.digest === digest;
    // A tag that points at a manifest which is gone: a push that failed beside a delete has left it.
    if (tag !== undefined && points) await this.#atPointer(tag);
    // The tag was read after its mark.
    else {
      await this.#atMoves(mark, tag);
      await this.#removePointers([mark]);
    }
    if (tag === undefined && pulled !== undefined) await this.#atPointer(pulled);
  }

  /**
   * Moves that are no longer in the history of the tag of a mark. They come before the mark, by which the next look finds
   * them after a crash.
   */
  async #atMoves(mark: Item, seen: Item | undefined): Promise<void> {
    const { table } = this.#context;
    const { tag } = partsOf("tag mark", mark);
    const query = { prefix: movePrefix(tag), limit: PAGE_MOVES, consistent: true };
    for await (const moves of queryPages(table, repositoryPartition(this.#repository), query)) {
      const pointers = moves.map((move) => pointerOf(this.#context, move)!);
      // Those in the history as it was seen stay, and need no other read.
      const left = pointers.filter(({ matches }) => seen === undefined || !matches(seen));
      if (left.length === 0) continue;
      // The tag was read before these moves, and may have moved since.
      const gone = await dangling(this.#context, left, { consistent: true });
      await this.#removePointers(gone.map(({ item }) => item));
    }
  }

  /** Links and blobs. */
  async #atContents(digests: Digest[]): Promise<void> {
    for (let at = 0; at < digests.length; at += BATCH_CONTENTS) {
      await this.#atBatch(digests.slice(at, at + BATCH_CONTENTS));
    }
  }

  /** A few links and blobs, read in one request: whatever changes until their turn has another version then. */
  async #atBatch(digests: Digest[]): Promise<void> {
    const keys = digests.flatMap((digest) => [linkKey(digest, this.#repository), blobKey(digest)]);
    const items = await this.#context.table.getMany(keys, { consistent: true });
    for (const [i, digest] of digests.entries()) {
      const [link, blob] = [stored<LinkAttributes>(items[2 * i]), stored<BlobAttributes>(items[2 * i + 1])];
      await this.#atContent(digest, link, blob);
    }
  }

  /** A repository's link to a blob, and then the blob. */
  async #atContent(
    digest: Digest,
    link: Stored<LinkAttributes> | undefined,
    blob: Stored<BlobAttributes> | undefined,
  ): Promise<void> {
    const [context, repository] = [this.#context, this.#repository];
    if (link !== undefined) {
      // Most shared content is needed and should not be written for every candidate.
      if (await isReferenced(context, repository, digest, { consistent: true })) return;
      const outcome = await collectLink(context, repository, digest, link);
      this.#note(outcome, () => linkRemoval(repository, digest));
      if (outcome.is === "removed") this.#run.outdated.add(repository);
      if (outcome.is !== "removed" && outcome.is !== "absent") return;
    }
    if (blob === undefined || await isLinked(context, digest, { consistent: true })) return;
    this.#note(await collectBlob(context, digest, blob), (size) => blobRemoval(digest, size));
  }

  /** The rest of a repository that has no manifest. */
  async atRepository(): Promise<void> {
    const [context, repository] = [this.#context, this.#repository];
    const { inhabited } = this.#run;
    if (inhabited.has(repository)) return;
    if (await hasManifest(context, repository, { consistent: true })) return void inhabited.add(repository);
    // Not at the end of the step: the epoch of a repository that is gone is removed as well, here or by a later look.
    await renewEpoch(context, repository, this.#run);
    const outcome = await collectRepository(context, repository);
    this.#note(outcome, () => repositoryRemoval(repository));
    if (outcome.is !== "removed" && outcome.is !== "absent") return;
    const keys = [usageKey(repository), epochKey(repository)];
    for (const item of await context.table.getMany(keys, { consistent: true })) {
      if (item !== undefined) await this.#atPointer(item);
    }
  }

  /** A pointer that is useless without its target. */
  async #atPointer(item: Item): Promise<void> {
    const pointer = this.#oldPointer(item);
    if (pointer === undefined) return;
    this.#note(await collectPointer(this.#context, pointer), () => pointerRemoval(pointer.key));
  }

  /** Pointers that were read before their targets, which do not exist. */
  async #removePointers(items: Item[]): Promise<void> {
    for (const item of items) {
      const pointer = this.#oldPointer(item);
      if (pointer === undefined) continue;
      this.#note(await removePointer(beginWork(this.#context), pointer), () => pointerRemoval(pointer.key));
    }
  }

  /** The pointer of an item; `undefined` if a push may be about to use it. */
  #oldPointer(item: Item): Pointer | undefined {
    const pointer = pointerOf(this.#context, item);
    if (pointer !== undefined) return pointer;
    const { at } = stored<EdgeAttributes>(item)!.attributes;
    if (!isOld(this.#context, at)) this.#note({ is: "young", since: at });
    return undefined;
  }

  #note(outcome: Outcome, removal?: (size: number) => Removal): void {
    if (outcome.is === "removed") this.#run.removed(removal!(outcome.size ?? 0));
    if (outcome.is === "young") this.#since = Math.max(this.#since ?? 0, outcome.since);
    if (outcome.is === "changed") this.#isChanged = true;
  }
}
