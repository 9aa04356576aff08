import type { Context } from "../protocol/mod.ts";
import { type Finding, LEFTOVERS, type ScrubOptions, type ScrubReport } from "./finding.ts";
import { Pace } from "./pace.ts";

/** Dependencies of every part of a scrub. */
export class ScrubWork {
  /** Storage and limits of the registry. */
  readonly context: Context;
  /** True if faults are repaired. */
  readonly repair: boolean;
  /** Limit of the bytes that are read per second. */
  readonly pace: Pace;
  /** Counts so far. */
  readonly report: ScrubReport = {
    items: 0,
    contents: 0,
    bytes: 0,
    objects: 0,
    findings: 0,
    leftovers: 0,
    repaired: 0,
  };
  readonly #options: ScrubOptions;

  /** A scrub that has not begun. */
  constructor(context: Context, options: ScrubOptions) {
    this.context = context;
    this.repair = options.repair ?? false;
    this.pace = new Pace(options.rate ?? Infinity, context.now, context.sleep);
    this.#options = options;
  }

  /** Reports a fault. */
  found(finding: Finding): void {
    this.report.findings++;
    if (LEFTOVERS.includes(finding.kind)) this.report.leftovers++;
    if (finding.repaired !== undefined) this.report.repaired++;
    this.#options.found?.(finding);
  }

  /** Reports the progress. */
  progress(): void {
    this.#options.progress?.(this.report);
  }

  /** The same bytes, at the configured rate. */
  async *paced(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.report.contents++;
    for await (const chunk of chunks) {
      await this.pace.take(chunk.length);
      this.report.bytes += chunk.length;
      yield chunk;
    }
  }
}
