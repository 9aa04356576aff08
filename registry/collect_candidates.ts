import type { Item } from "../storage/table/table.ts";
import { candidateItems, candidateOf, candidateTime, GARBAGE_SHARDS, isDue } from "./candidates.ts";
import { collectCandidate } from "./collect_candidate.ts";
import type { Context } from "./context.ts";
import { Lease } from "./lease.ts";
import { Pace } from "./pace.ts";
import { forEachOf } from "./parallel.ts";
import type { Removal } from "./removal.ts";

/** Candidates of one query. */
const PAGE = 64;

/** Candidates of one step, and how many of them are looked at at the same time. */
const STEP = 16;
const PARALLEL = 8;

/** How {@linkcode collectCandidates} goes about it. */
export interface CandidateOptions {
  /** Told of all that goes. */
  removed?: (removal: Removal) => void;
  /** True if the work is to end after the step that is under way. */
  stopped?: () => boolean;
}

/** The result of {@linkcode collectCandidates}. */
export interface CandidateReport {
  /** Candidates that were looked at. */
  candidates: number;
  /** By how much the oldest one was late, in milliseconds after the end of its grace period. */
  late: number;
}

/**
 * Looks at every candidate whose grace period is over. Any number of processes may do this at once, beside everything
 * else, and each may die at any moment: a candidate is deleted last.
 *
 * @throws {AggregateError} with the failures of single candidates, once all others were looked at.
 */
export async function collectCandidates(
  context: Context,
  options: CandidateOptions = {},
): Promise<CandidateReport> {
  const report = { candidates: 0, late: 0 };
  const failures: unknown[] = [];
  // From another shard each time, so that no shard is always the last one.
  const first = Math.floor(Math.random() * GARBAGE_SHARDS.length);
  for (const shard of [...GARBAGE_SHARDS.slice(first), ...GARBAGE_SHARDS.slice(0, first)]) {
    if (options.stopped?.()) break;
    await collectShard(context, shard, options, report, failures);
  }
  if (failures.length > 0) throw new AggregateError(failures, `Cannot collect ${failures.length} candidates`);
  return report;
}

async function collectShard(
  context: Context,
  shard: string,
  { removed = () => {}, stopped = () => false }: CandidateOptions,
  report: CandidateReport,
  failures: unknown[],
): Promise<void> {
  let due = await dueItems(context, shard);
  if (due.length === 0) return;
  const lease = await Lease.take(context, shard, () => ({}));
  if (lease === undefined) return;
  const pace = new Pace(context);
  while (due.length > 0) {
    for (let at = 0; at < due.length; at += STEP) {
      const step = due.slice(at, at + STEP);
      const late = context.now() - context.grace - candidateTime(step[0]!);
      report.late = Math.max(report.late, late);
      report.candidates += step.length;
      await forEachOf(step, PARALLEL, async (item) => {
        // One that fails must not keep the others from being looked at.
        await settle(context, item, removed).catch((error) => failures.push(error));
      });
      if (!await lease.keep({})) return;
      if (stopped()) return void await lease.release({});
      await pace.pause(late / (context.grace / 2));
    }
    due = due.length < PAGE ? [] : await dueItems(context, shard, due.at(-1)!.sk);
  }
  await lease.release({});
}

/** The oldest candidates of a shard whose grace period is over. */
async function dueItems(context: Context, shard: string, after?: string): Promise<Item[]> {
  const items = await context.table.query(shard, { limit: PAGE, ...(after !== undefined && { after }) });
  return items.filter((item) => isDue(context, item));
}

/** Looks at one candidate, leaves another one for what is too young, and deletes it. */
async function settle(context: Context, item: Item, removed: (removal: Removal) => void): Promise<void> {
  const candidate = candidateOf(item);
  if (candidate === undefined) return; // a later release has put it
  const verdict = await collectCandidate(context, candidate, removed);
  // The candidate stays, and is looked at again by the next call.
  if (verdict.is === "changed") return;
  if (verdict.is === "young") await context.table.putMany(candidateItems(context, candidate, verdict.since));
  // Last, so that a process that dies leaves it. By version: a merged one that was put meanwhile stays.
  await context.table.delete({ pk: item.pk, sk: item.sk }, { ifVersion: item.version });
}
