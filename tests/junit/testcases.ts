/**
 * The test cases of a JUnit report.
 *
 * @module
 */

import { parseXml, XmlElement } from "npm:@rgrove/parse-xml@5.0.0";

/** Result of a test case. */
export type Outcome = "passed" | "failed" | "errored" | "skipped";

/** One `<testcase>`. */
export interface Testcase {
  readonly name: string;
  readonly outcome: Outcome;
}

/**
 * The test cases of a JUnit report, in its order, however its suites are nested. Each one's outcome is read from the
 * case itself: what a suite's attributes sum up differs between the programs that write them.
 *
 * @throws {Error} When `xml` is not well-formed.
 */
export function readTestcases(xml: string): Testcase[] {
  const root = parseXml(xml).root;
  return root === null ? [] : [...testcasesIn(root)];
}

function* testcasesIn(element: XmlElement): Generator<Testcase> {
  if (element.name === "testcase") {
    yield { name: element.attributes["name"] ?? "", outcome: outcomeOf(element) };
    return;
  }
  for (const child of elementsIn(element)) yield* testcasesIn(child);
}

function outcomeOf(testcase: XmlElement): Outcome {
  const marks = new Set(elementsIn(testcase).map((child) => child.name));
  if (marks.has("error")) return "errored";
  if (marks.has("failure")) return "failed";
  return marks.has("skipped") ? "skipped" : "passed";
}

function elementsIn(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => child instanceof XmlElement);
}
