import { createRegistry, type Removal, throwFailures } from "../../registry/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/** Options of `skerry collect`. */
export interface CollectCommandOptions {
  /** Removes nothing, and prints what a run would remove. */
  dryRun: boolean;
  /** Prints one line of JSON for each removal, and no summary. */
  json: boolean;
}

/** Items between two lines of progress. */
const PROGRESS_ITEMS = 10_000;

/**
 * `skerry collect`: runs garbage collection, and prints its removals. Other processes may use the storage meanwhile.
 *
 * @returns The exit code.
 * @throws {StartError} if the storage cannot be used or is read-only.
 * @throws {AggregateError} with the failures of single items, after all others were checked.
 */
export async function collect(
  config: Config,
  print: (text: string) => void,
  { dryRun, json }: CollectCommandOptions,
): Promise<number> {
  if (config.readOnly && !dryRun) {
    throw new StartError("Cannot run garbage collection: the registry is read-only");
  }
  const { objects, table, close } = await openForUpkeep(config);
  try {
    await using audit = openAudit(config);
    const registry = createRegistry({ ...config, objects, table });
    const counts = new Map<string, number>();
    let [items, bytes] = [0, 0];
    const removed = (removal: Removal) => {
      print(json ? JSON.stringify(removal) : lineOf(removal));
      counts.set(removal.kind, (counts.get(removal.kind) ?? 0) + 1);
      bytes += removal.size ?? 0;
      if (dryRun || removal.kind !== "tag") return;
      const { repository = "", name: tag, reason } = removal;
      audit.record({ action: "tag.delete", repository, tag, reason });
    };
    const failures: unknown[] = [];
    for (let step = await registry.collect({ dryRun });;) {
      step.removals.forEach(removed);
      failures.push(...step.failures);
      const before = items;
      items += step.items;
      if (
        Deno.stderr.isTerminal() && Math.floor(before / PROGRESS_ITEMS) < Math.floor(items / PROGRESS_ITEMS)
      ) {
        console.error(`${items} items checked`);
      }
      if (step.next === undefined) break;
      step = await registry.collect({ dryRun, after: step.next });
    }
    if (!dryRun) {
      // The full pass leaves some candidates, and deletes have recorded others.
      await registry.collectCandidates({ removed });
      await registry.recount();
      audit.record({ action: "registry.collect", reason: `Removed ${summaryOf(counts, bytes)}` });
    }
    if (!json) {
      print(
        `${dryRun ? "Would remove" : "Removed"} ${summaryOf(counts, bytes)}; checked ${
          counted(items, "item")
        }`,
      );
    }
    throwFailures(failures, "remove some items");
    return 0;
  } finally {
    await close();
  }
}

function lineOf({ kind, repository, name, reason, size }: Removal): string {
  const where = repository === undefined ? "" : `${repository}  `;
  return `${where}${kind} ${name}${size === undefined ? "" : `  ${size} bytes`}  ${reason}`;
}

function summaryOf(counts: ReadonlyMap<string, number>, bytes: number): string {
  if (counts.size === 0) return "nothing";
  return `${
    [...counts].map(([kind, count]) => counted(count, kind)).join(", ")
  } and ${bytes} bytes of content`;
}
