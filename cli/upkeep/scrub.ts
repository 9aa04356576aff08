import type { AuditEvent } from "../../registry/interface.ts";
import { createRegistry, type Finding, type ScrubReport } from "../../registry/mod.ts";
import { type Config, size } from "../../config/mod.ts";
import { openAudit } from "../audit.ts";
import { counted } from "../counted.ts";
import { openForUpkeep } from "../upkeep_storage.ts";

/** Default rate in bytes a second: far below the rate at which a disk or a bucket serves clients. */
const DEFAULT_RATE = "32MiB";

/** Milliseconds between two lines of progress. */
const PROGRESS_INTERVAL_MS = 5000;

/** Arguments of `skerry scrub`. */
export interface ScrubCommand {
  /** True to repair faults if possible. */
  repair: boolean;
  /** True to print JSON, one object a line: each finding, then the report. */
  json: boolean;
  /** Bytes that it reads in a second. */
  rate: number;
  /** Waits `milliseconds`; really by default. */
  sleep?: (milliseconds: number) => Promise<void>;
}

/** Rate in bytes a second; `undefined` for an invalid text. */
export function readRate(text: string = DEFAULT_RATE): number | undefined {
  return size("1KiB", "1TiB").read(text);
}

/**
 * `skerry scrub`: verifies all content and prints faults, beside everything else that uses the storage.
 *
 * @returns The exit code: 0 without faults, or only with remains that garbage collection will remove.
 * @throws {StartError} if the storage cannot be used.
 */
export async function scrub(
  config: Config,
  print: (text: string) => void,
  { repair, json, rate, ...pauses }: ScrubCommand,
): Promise<number> {
  const { objects, table, close } = await openForUpkeep(config);
  try {
    await using audit = openAudit(config);
    const report = await createRegistry({ ...config, ...pauses, objects, table }).scrub({
      repair,
      rate,
      found(finding) {
        print(json ? JSON.stringify(finding) : lineOf(finding));
        if (finding.repaired !== undefined) audit.record(repairEvent(finding));
      },
      progress: Deno.stderr.isTerminal() ? showProgress() : () => {},
    });
    print(json ? JSON.stringify(report) : summaryOf(report));
    return report.findings > report.leftovers ? 1 : 0;
  } finally {
    await close();
  }
}

function repairEvent({ kind, repository, name, repaired }: Finding): Omit<AuditEvent, "who"> {
  const where = repository === undefined ? {} : { repository };
  return { action: "registry.repair", ...where, reason: `${kind} ${name}: ${repaired}` };
}

function lineOf({ kind, repository, name, object, note, repaired }: Finding): string {
  const where = repository === undefined ? "" : `${repository} `;
  const what = object === undefined || object === name ? "" : ` (${object})`;
  return `${kind}: ${where}${name}${what}: ${note}${repaired === undefined ? "" : `. ${repaired}`}`;
}

function summaryOf({ items, objects, contents, bytes, findings, leftovers, repaired }: ScrubReport): string {
  const read = `Read ${counted(items, "item")}, ${counted(objects, "object")} and ${bytes} bytes of ` +
    counted(contents, "content");
  const left = leftovers === 0 ? "" : `, ${leftovers} of them garbage, not damage`;
  return `${read}: ${counted(findings, "finding")}${left}, ${repaired} repaired`;
}

/** A line on the terminal now and then. */
function showProgress(): (report: ScrubReport) => void {
  let shown = Date.now();
  return ({ items, contents, bytes, findings }) => {
    if (Date.now() - shown < PROGRESS_INTERVAL_MS) return;
    shown = Date.now();
    console.error(`${items} items, ${contents} contents, ${bytes} bytes, ${findings} findings so far`);
  };
}
