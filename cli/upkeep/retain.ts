import { retirementEvent } from "../../registry/interface.ts";
import { createRegistry, formatSpan, type RetainOptions, type Retirement } from "../../registry/mod.ts";
import { type Config, StartError } from "../../config/mod.ts";
import { eventRules } from "../../config/event_rules.ts";
import { purgeRules } from "../../config/purge_rules.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/** Options of `skerry retain`. */
export interface RetainCommandOptions {
  /** Removes nothing, and says what would go. */
  dryRun: boolean;
  /** A line of JSON for each thing. */
  json: boolean;
  /** A glob pattern; only repositories that match. */
  repository?: string;
}

/**
 * `skerry retain`: deletes tags and manifests by the retention rules, and prints them.
 *
 * @returns The exit code.
 * @throws {StartError} without rules, or if the registry is read-only.
 */
export async function retainCommand(
  config: Config,
  print: (text: string) => void,
  { dryRun, json, repository }: RetainCommandOptions,
): Promise<number> {
  if (config.retention.length === 0) {
    throw new StartError(
      "Cannot apply retention: no rule is configured (set SKERRY_RETENTION, or `retention` in the file)",
    );
  }
  if (config.readOnly && !dryRun) throw new StartError("Cannot apply retention: the registry is read-only");
  const { objects, table, close } = await openForUpkeep(config);
  try {
    await using audit = openAudit(config);
    const { retain, outbox } = createRegistry({
      ...config,
      ...purgeRules(config),
      ...eventRules(config),
      objects,
      table,
    });
    const options: RetainOptions = { dryRun, ...(repository !== undefined && { repository }) };
    const counts = { tag: 0, manifest: 0, pending: 0 };
    for await (const retired of retain(config.retention, options)) {
      print(json ? JSON.stringify(retired) : lineOf(retired));
      counts[retired.kind]++;
      if (retired.pending) counts.pending++;
      else audit.record(retirementEvent(retired));
    }
    await (await outbox?.())?.handOver();
    if (!json) print(summaryOf(counts, dryRun, config.grace));
    return 0;
  } finally {
    await close();
  }
}

function lineOf({ repository, kind, name, reason }: Retirement): string {
  return `${repository}  ${kind} ${name}  ${reason}`;
}

function summaryOf(
  { tag, manifest, pending }: { tag: number; manifest: number; pending: number },
  dryRun: boolean,
  grace: number,
): string {
  if (dryRun) return `Would remove ${counted(tag, "tag")}, ${counted(manifest, "manifest")}`;
  const later = pending === 0
    ? ""
    : `; ${counted(pending, "manifest")} condemned (a run after ${formatSpan(grace)} removes them)`;
  return `Removed ${counted(tag, "tag")}, ${counted(manifest - pending, "manifest")}${later}`;
}
