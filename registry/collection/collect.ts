import type { Digest, RepositoryName } from "../../oci/mod.ts";
import { inParallel, type Item, type Key, type Segment } from "../../storage/ports.ts";
import { beginWork, candidateItems, changeEpoch, type Context } from "../protocol/mod.ts";
import { collectBlob, collectLink, isBlobOld, isLinked, isLinkOld, isReferenced } from "../blobs/mod.ts";
import {
  collectPointer,
  collectRepository,
  dangling,
  hasManifest,
  isRepositoryOld,
  type Pointer,
  pointerOf,
} from "./collect_leftovers.ts";
import {
  type BlobAttributes,
  identify,
  type LinkAttributes,
  partsOf,
  type RepositoryAttributes,
  stored,
  type UploadAttributes,
} from "../items/mod.ts";
import {
  blobRemoval,
  linkRemoval,
  type PointerKey,
  pointerRemoval,
  type Removal,
  repositoryRemoval,
} from "../removal.ts";
import { isExpired, sweepUpload } from "../uploads/mod.ts";

/** Range and mode of a step. */
export interface CollectOptions {
  /** Continues after this key, from an earlier call. */
  after?: Key;
  /** Looks at this part of the table alone. */
  segment?: Segment;
  /** Looks at this many items at the most; 100 by default. */
  limit?: number;
  /** Removes nothing. Returns what a real run would remove if nothing else changed. */
  dryRun?: boolean;
}

/** Result of a call of {@linkcode collect}. */
export interface CollectStep {
  /** Number of checked items. */
  items: number;
  /** Removed items; in a dry run, items that would be removed. */
  removals: Removal[];
  /** Errors of single items. Those items stay; all others were checked. */
  failures: unknown[];
  /** Key from which the next call continues; absent at the end of the scan. */
  next?: Key;
}

/** Items of a step by default. Few enough that a step does not delay requests. */
const DEFAULT_STEP_ITEMS = 100;

/** Maximum concurrent removals. */
const PARALLEL_REMOVALS = 8;

/** Checks an item or object again, and removes it if it is garbage. Returns the removal. */
type Candidate = (context: Context, dryRun: boolean) => Promise<Removal | undefined>;

/** Running step: its results so far count even if the rest fails. */
interface Step {
  context: Context;
  dryRun: boolean;
  removals: Removal[];
  failures: unknown[];
}

/**
 * Step of a full pass of garbage collection: removes content that is unreferenced and was not used during the grace
 * period. Any number of processes may run it at once, beside pushes, pulls and deletes, and each may crash at any
 * moment.
 *
 * The scan may lag behind: it only proposes. The protocol of each kind of item reads its candidates again,
 * consistently.
 */
export async function collect(context: Context, options: CollectOptions = {}): Promise<CollectStep> {
  const { after, segment, limit = DEFAULT_STEP_ITEMS, dryRun = false } = options;
  const page = await context.table.scan({ limit, ...(after && { after }), ...(segment && { segment }) });
  const partitions = [...Map.groupBy(page.items, ({ pk }) => pk).values()];
  let { next } = page;
  // A partition is checked as a whole, because a blob goes after its links. A partition larger than a page is checked
  // in pieces.
  if (next !== undefined && partitions.length > 1) {
    partitions.pop();
    const { pk, sk } = partitions.at(-1)!.at(-1)!;
    next = { pk, sk };
  }
  const step: Step = { context, dryRun, removals: [], failures: [] };
  for (const items of partitions) {
    await collectPartition(step, items).catch((error) => step.failures.push(error));
  }
  const { removals, failures } = step;
  if (!dryRun) await changeEpochs(context, removals);
  const seen = partitions.reduce((sum, { length }) => sum + length, 0);
  return { items: seen, removals, failures, ...(next && { next }) };
}

/** Once for each repository of the step that has lost a blob. */
async function changeEpochs(context: Context, removals: Removal[]): Promise<void> {
  const links = removals.filter(({ kind }) => kind === "link");
  const repositories = new Set(links.map(({ repository }) => repository as RepositoryName));
  for (const repository of repositories) await changeEpoch(beginWork(context), repository);
}

async function collectPartition(step: Step, items: Item[]): Promise<void> {
  const key = items.map(identify).find((key) => key !== undefined);
  switch (key?.kind) {
    case "repository":
      return void await run(step, items.map(repositoryCandidate));
    case "upload":
      return void await run(step, items.map(uploadCandidate));
    case "blob":
    case "link":
      return await collectContent(step, key.digest, items);
    case "manifest":
    case "edge":
    case "referrer":
    case "tag":
    case "tag mark":
    case "move":
    case "pull":
    case "usage":
    case "epoch":
      return await collectPointers(step, items);
    // Candidates, purges, events and leases are removed by the process that works on them. The last partition stays.
    case "candidate":
    case "purge":
    case "event":
    case "delivery":
    case "dead letter":
    case "lease":
    case "cursor key":
      return;
  }
  key satisfies undefined; // every kind is treated above
}

/** Collects the links of a blob, and then the blob if no link remains. */
async function collectContent(step: Step, digest: Digest, items: Item[]): Promise<void> {
  const { context, dryRun } = step;
  const links = items.filter((item) => identify(item)?.kind === "link");
  if (await run(step, links.map((link) => linkCandidate(digest, link))) < links.length) return;
  const blob = items.find((item) => identify(item)?.kind === "blob");
  if (blob === undefined || !isBlobOld(context, stored<BlobAttributes>(blob)!.attributes)) return;
  // In a dry run its links are still there; those on other pages keep it in both.
  if (!(dryRun && links.length > 0) && await isLinked(context, digest, { consistent: false })) return;
  if (!dryRun && (await collectBlob(context, digest)).is !== "removed") return;
  step.removals.push(blobRemoval(digest, stored<BlobAttributes>(blob)!.attributes.size));
}

/** Collects items of a repository whose target does not exist. */
async function collectPointers(step: Step, items: Item[]): Promise<void> {
  const { context } = step;
  const pointers = items.map((item) => pointerOf(context, item)).filter((found) => found !== undefined);
  if (pointers.length === 0) return;
  const loose = await dangling(context, pointers, { consistent: false });
  await run(step, loose.map(pointerCandidate));
}

function pointerCandidate(pointer: Pointer): Candidate {
  return async (context, dryRun) => {
    if (!dryRun) await leaveTarget(context, pointer.key);
    const gone = dryRun
      ? (await dangling(context, [pointer], { consistent: true })).length > 0
      : (await collectPointer(context, pointer)).is === "removed";
    if (!gone) return undefined;
    return pointerRemoval(pointer.key);
  };
}

/** Leaves a candidate, due at once, for the blob that only this edge may keep: its partition may have been seen before. */
async function leaveTarget(context: Context, key: PointerKey): Promise<void> {
  if (key.kind !== "edge") return;
  const { repository, target: digest } = key;
  const items = candidateItems(context, { kind: "blob", repository, digest }, context.now() - context.grace);
  await context.table.putMany(items);
}

function linkCandidate(digest: Digest, link: Item): Candidate {
  const { repository } = partsOf("link", link);
  return async (context, dryRun) => {
    if (!isLinkOld(context, stored<LinkAttributes>(link)!.attributes)) return undefined;
    // Most links are needed and should not be written in every full pass.
    if (await isReferenced(context, repository, digest, { consistent: dryRun })) return undefined;
    if (!dryRun && (await collectLink(context, repository, digest)).is !== "removed") return undefined;
    return linkRemoval(repository, digest);
  };
}

function repositoryCandidate(item: Item): Candidate {
  const { repository } = partsOf("repository", item);
  return async (context, dryRun) => {
    if (!isRepositoryOld(context, stored<RepositoryAttributes>(item)!)) return undefined;
    if (await hasManifest(context, repository, { consistent: dryRun })) return undefined;
    if (!dryRun && (await collectRepository(context, repository)).is !== "removed") return undefined;
    return repositoryRemoval(repository);
  };
}

function uploadCandidate(item: Item): Candidate {
  const { attributes } = stored<UploadAttributes>(item)!;
  return async (context, dryRun) => {
    if (!isExpired(context, attributes)) return undefined;
    if (!dryRun && await sweepUpload(context, item) === undefined) return undefined;
    const { repository } = attributes;
    return { kind: "upload", repository, name: partsOf("upload", item).id, reason: "It has expired" };
  };
}

/** Checks the candidates, a few at a time. Returns the number of removed ones. A failed one is left to the next pass. */
async function run({ context, dryRun, removals, failures }: Step, candidates: Candidate[]): Promise<number> {
  let gone = 0;
  await inParallel(candidates, Math.min(PARALLEL_REMOVALS, candidates.length), async (candidate) => {
    try {
      const removal = await candidate(context, dryRun);
      if (removal === undefined) return;
      removals.push(removal);
      gone++;
    } catch (error) {
      failures.push(error);
    }
  });
  return gone;
}
