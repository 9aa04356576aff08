import { assertEquals, assertThrows } from "@std/assert";
import { expectedVerdict, readOldReport, readReport } from "./report.ts";

const RESULTS = `config:
  registry: 127.0.0.1:5000
apis:
  Blob get: Pass
  Tag delete: Skip
data:
  Image: FAIL
`;

const OUTPUT = `Test results
OCI Conformance Test: FAIL
  OCI Conformance Test/ping: Pass

Configuration:
  registry: 127.0.0.1:5000

OCI Conformance Result: FAIL
  Disabled......................:          0
  Skip..........................:         61
  Pass..........................:        805
  FAIL..........................:        166
  Error.........................:          0
  Total.........................:       1032

API conformance:
  Blob get......................:       Pass
`;

Deno.test("readReport() reads the counters from the output and the items from the results", () => {
  assertEquals(readReport(RESULTS, OUTPUT), {
    counters: { Disabled: 0, Skip: 61, Pass: 805, FAIL: 166, Error: 0, Total: 1032 },
    items: { "API: Blob get": "Pass", "API: Tag delete": "Skip", "Data: Image": "FAIL" },
  });
});

Deno.test("readReport() throws when the suite stopped before its counters", () => {
  assertThrows(() => readReport(RESULTS, "Test results\n"), SyntaxError, "counters");
});

Deno.test("readReport() throws when the results are not the suite's", () => {
  assertThrows(() => readReport("", OUTPUT), Error);
  assertThrows(() => readReport("apis: {Blob get: Passed}\ndata: {}\n", OUTPUT), Error);
});

const CASE = "OCI Distribution Conformance Tests";

Deno.test("readOldReport() reads each test's verdict", () => {
  const junit = `<testsuite name="${CASE}" tests="3" failures="1" errors="0">
    <testcase name="${CASE} Pull one"></testcase>
    <testcase name="${CASE} Pull two"><skipped>you have skipped this test.</skipped></testcase>
    <testcase name="${CASE} Push one"><failure type="Failure">Expected</failure></testcase>
  </testsuite>`;
  assertEquals(readOldReport(junit), {
    counters: { Skip: 1, Pass: 1, FAIL: 1, Error: 0, Disabled: 0, Total: 3 },
    items: { "Pull one": "Pass", "Pull two": "Skip", "Push one": "FAIL" },
  });
});

Deno.test("readOldReport() throws when a name would hide another test's verdict", () => {
  const junit = `<testsuite><testcase name="a"><failure/></testcase><testcase name="a"/></testsuite>`;
  assertThrows(() => readOldReport(junit), SyntaxError, '"a"');
});

Deno.test("expectedVerdict() is Pass unless the run's settings turn the item off", () => {
  const pins = { counters: {}, items: 2, off: { "Data: Sparse Manifests": "Disabled" } } as const;
  assertEquals(expectedVerdict(pins, "Data: Sparse Manifests"), "Disabled");
  assertEquals(expectedVerdict(pins, "Data: Image"), "Pass");
});
