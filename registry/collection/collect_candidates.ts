import { type Item, queryPages } from "../../storage/ports.ts";
import { candidateItems, candidateOf, candidateTime, type Context, isDue } from "../protocol/mod.ts";
import { GARBAGE_SHARDS } from "../items/mod.ts";
import { collectCandidate, renewEpoch, type Run } from "./collect_candidate.ts";
import type { Removal } from "../removal.ts";
import { shuffled, throwFailures, workOff } from "../background/mod.ts";

/** Candidates of one query. */
const PAGE_CANDIDATES = 64;

/** Options of {@linkcode collectCandidates}. */
export interface CandidateOptions {
  /** Called for each removal. */
  removed?: (removal: Removal) => void;
  /** True if the work is to end after the step that is under way. */
  stopped?: () => boolean;
}

/** The result of {@linkcode collectCandidates}. */
export interface CandidateReport {
  /** Number of checked candidates. */
  candidates: number;
  /** Milliseconds from the end of a grace period to the look, at most. */
  late: number;
}

/**
 * Checks every candidate whose grace period has passed. Any number of processes may run it at once, beside everything
 * else, and each may crash at any moment: a candidate is deleted last.
 *
 * @throws {AggregateError} with the failures of single candidates, after all others were checked.
 */
export async function collectCandidates(
  context: Context,
  { removed = () => {}, stopped }: CandidateOptions = {},
): Promise<CandidateReport> {
  const report = { candidates: 0, late: 0 };
  const run: Run = { removed, inhabited: new Set(), outdated: new Set() };
  const dueSince = (item: Item) => candidateTime(item) + context.grace;
  const look = async (work: Context, item: Item) => {
    report.candidates++;
    report.late = Math.max(report.late, context.now() - dueSince(item));
    await checkCandidate(work, item, run);
  };
  const shards = (work: Context) =>
    shuffled(GARBAGE_SHARDS).map((lease) => ({ lease, pages: duePages(work, lease) }));
  // Once for all candidates of a step, and once more if it fails: no later look would find that links were removed.
  const endStep = async (work: Context) => {
    for (const repository of [...run.outdated]) await renewEpoch(work, repository, run);
  };
  const failures = await workOff(context, { shards, handle: look, endStep, dueSince, stopped });
  throwFailures(failures, "collect garbage candidates");
  return report;
}

/** Candidates of a shard whose grace period has passed, the oldest first. */
async function* duePages(context: Context, shard: string): AsyncGenerator<Item[]> {
  for await (const items of queryPages(context.table, shard, { limit: PAGE_CANDIDATES })) {
    const due = items.filter((item) => isDue(context, item));
    yield due;
    if (due.length < items.length) return;
  }
}

/** Checks one candidate, puts another one for content that is too young, and deletes it. */
async function checkCandidate(
  context: Context,
  item: Item,
  run: Run,
): Promise<void> {
  const candidate = candidateOf(item);
  if (candidate === undefined) return; // a later release has put it
  const verdict = await collectCandidate(context, candidate, run);
  // The candidate stays, and the next call checks it again.
  if (verdict.is === "changed") return;
  if (verdict.is === "young") await context.table.putMany(candidateItems(context, candidate, verdict.since));
  // Last, so that a crash leaves it. By its version: a merged candidate that was put meanwhile stays.
  await context.table.delete({ pk: item.pk, sk: item.sk }, { ifVersion: item.version });
}
