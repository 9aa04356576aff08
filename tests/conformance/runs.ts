/**
 * The four conformance runs that the registry passes: how the registry must be set for each, which suite, and exactly
 * what it must find. Where that registry runs is the caller's business.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { expectedVerdict, type Pins } from "./report.ts";
import { runOldSuite, runSuite, type SuiteRun, type Target } from "./suites.ts";

/** One run of a suite. */
export interface ConformanceRun {
  /** Names the run's test. */
  readonly name: string;
  /** The settings of the registry under test. */
  readonly registry: Readonly<Record<string, string>>;
  /** Runs the suite against a registry; `name` is for its repositories and its results. */
  readonly run: (target: Target, name: string) => Promise<SuiteRun>;
  readonly pins: Pins;
}

/** The counters when nothing fails. */
function counters(Pass: number, { Skip = 0, Disabled = 0 } = {}): Record<string, number> {
  return { Disabled, Skip, Pass, FAIL: 0, Error: 0, Total: Pass + Skip + Disabled };
}

const MOUNT_WITHOUT_FROM = "Push Cross-Repository Blob Mount Cross-mounting without from";

/** All runs. */
export const RUNS: readonly ConformanceRun[] = [
  {
    name: "dev",
    registry: { SKERRY_REFERENCES: "sparse" },
    run: (target, name) => runSuite(target, name, { version: "dev", sparse: true }),
    pins: { counters: counters(1032), items: 52, off: {} },
  },
  {
    name: "v1.1",
    registry: { SKERRY_REFERENCES: "sparse" },
    run: (target, name) => runSuite(target, name, { version: "1.1", sparse: true }),
    pins: {
      counters: counters(906, { Disabled: 2 }),
      items: 52,
      off: {
        "API: Blob upload cancel": "Disabled",
        "API: Manifest put with tag params": "Disabled",
        "Data: Tag Param": "Disabled",
        "Data: Tag Param sha512": "Disabled",
      },
    },
  },
  {
    name: "strict",
    registry: { SKERRY_REFERENCES: "strict" },
    run: (target, name) => runSuite(target, name, { version: "dev", sparse: false }),
    pins: { counters: counters(986), items: 52, off: { "Data: Sparse Manifests": "Disabled" } },
  },
  {
    name: "first-suite",
    registry: { SKERRY_REFERENCES: "strict" },
    run: runOldSuite,
    pins: {
      counters: counters(64, { Skip: 4 }),
      items: 68,
      // Each has a twin that runs instead: content that is pushed rather than found, mounts that succeed.
      off: {
        "Pull Setup Get tag name from environment": "Skip",
        "Push Cross-Repository Blob Mount Cross-mounting of nonexistent blob should yield session id": "Skip",
        [`${MOUNT_WITHOUT_FROM}, and automatic content discovery disabled should return a 202`]: "Skip",
        "Content Discovery Setup Populate registry with test tags (no push)": "Skip",
      },
    },
  },
];

/** Checks a run of a suite: one step for each item, and one for the counters. */
export async function checkRun(
  t: Deno.TestContext,
  { pins }: ConformanceRun,
  { report, output, results }: SuiteRun,
): Promise<void> {
  for (const [item, verdict] of Object.entries(report.items)) {
    await t.step(item, () => assertEquals(verdict, expectedVerdict(pins, item), `See ${results}`));
  }
  await t.step("counters", () => {
    assertEquals(report.counters, pins.counters, `${failures(output)}\nSee ${results}`);
    assertEquals(Object.keys(report.items).length, pins.items);
    const unknown = Object.keys(pins.off).filter((item) => !Object.hasOwn(report.items, item));
    assertEquals(unknown, [], "The pins name items that the suite does not have");
  });
}

/** The lines of a suite's output that tell of failures, the first of them. */
function failures(output: string): string {
  return output.split("\n").filter((line) => /FAIL|Error|^\s+- /.test(line)).slice(0, 40).join("\n");
}
