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
  /** Its suite or file, as far as the report names it. */
  readonly origin: string;
  readonly outcome: Outcome;
  /** Text of its failure or error; empty for every other outcome. */
  readonly message: string;
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
    const { name = "", classname: origin = "" } = element.attributes;
    yield { name, origin, outcome: outcomeOf(element), message: messageOf(element) };
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

function messageOf(testcase: XmlElement): string {
  const mark = elementsIn(testcase).find(({ name }) => name === "error" || name === "failure");
  return mark?.text ?? "";
}

function elementsIn(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => child instanceof XmlElement);
}
