/**
 * Results of a conformance suite, and the rule that decides whether it passed. The rule reads only reports: both suites
 * can exit with code 0 after a failed set-up, and count missing capabilities as skipped.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { type Outcome, readTestcases } from "../junit/testcases.ts";

/** Result of one item of a suite, in the redesigned suite's words. */
export type Verdict = "Pass" | "Skip" | "Disabled" | "FAIL" | "Error";

/** The findings of one run. */
export interface Report {
  /** Number of single tests with each verdict, and `Total`. */
  readonly counters: Readonly<Record<string, number>>;
  /** The verdict on each endpoint, kind of content or single test that the suite names. */
  readonly items: Readonly<Record<string, Verdict>>;
}

/** Required results of a run. */
export interface Pins {
  /** Exact, since a suite that leaves out tests is no worse than one that fails, and less loud. */
  readonly counters: Readonly<Record<string, number>>;
  /** Number of items. */
  readonly items: number;
  /** The items that the run's own settings turn off; all others pass. */
  readonly off: Readonly<Record<string, Verdict>>;
}

const VerdictSchema = z.enum(["Pass", "Skip", "Disabled", "FAIL", "Error"]);
const ResultsSchema = z.object({
  apis: z.record(z.string(), VerdictSchema),
  data: z.record(z.string(), VerdictSchema),
});

/**
 * The report of the redesigned suite.
 *
 * @param resultsYaml Its `results.yaml`.
 * @param output What it wrote to its output stream; the counters stand nowhere else.
 * @throws {Error} When one of them is not what the suite writes.
 */
export function readReport(resultsYaml: string, output: string): Report {
  const { apis, data } = ResultsSchema.parse(parseYaml(resultsYaml));
  const table = /^OCI Conformance Result: .*\n((?: {2}\w+\.*: +\d+\n)+)/m.exec(output);
  if (table === null) throw new SyntaxError("Cannot find the counters in the suite's output");
  const counters = Object.fromEntries(
    [...table[1]!.matchAll(/^ {2}(\w+?)\.*: +(\d+)$/gm)].map(([, name, count]) => [name!, Number(count)]),
  );
  return { counters, items: { ...prefixed("API", apis), ...prefixed("Data", data) } };
}

function prefixed(prefix: string, items: Record<string, Verdict>): Record<string, Verdict> {
  return Object.fromEntries(Object.entries(items).map(([name, verdict]) => [`${prefix}: ${name}`, verdict]));
}

const VERDICTS: Record<Outcome, Verdict> = {
  passed: "Pass",
  skipped: "Skip",
  failed: "FAIL",
  errored: "Error",
};

/**
 * The report of the first suite.
 *
 * @param junitXml Its `junit.xml`.
 * @throws {Error} When it is not XML, or names one test twice.
 */
export function readOldReport(junitXml: string): Report {
  const items: Record<string, Verdict> = {};
  const counters = { Skip: 0, Pass: 0, FAIL: 0, Error: 0, Disabled: 0, Total: 0 };
  for (const { name, outcome } of readTestcases(junitXml)) {
    const item = name.replace("OCI Distribution Conformance Tests ", "");
    if (Object.hasOwn(items, item)) {
      throw new SyntaxError(`Cannot tell two tests of the name "${item}" apart`);
    }
    items[item] = VERDICTS[outcome];
    counters[VERDICTS[outcome]] += 1;
    counters.Total += 1;
  }
  return { counters, items };
}

/** The verdict that a run must reach on an item. */
export function expectedVerdict(pins: Pins, item: string): Verdict {
  return pins.off[item] ?? "Pass";
}
