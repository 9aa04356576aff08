import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fileURLToPath } from "node:url";
import { CLUSTER } from "../harness/subjects.ts";
import { shares } from "../harness/turns.ts";
import { readTestcases } from "../junit/testcases.ts";
import { assertNoTrouble, REGISTRY_VARIABLE } from "./workbench.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Runs all tests of the clients on the registry at `host`, and answers how each has ended and what they have said. */
async function runClients(host: string) {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--allow-all", "--no-check", `--junit-path=${report}`],
      ...[`--ignore=${fileURLToPath(import.meta.url)}`, FOLDER],
    ],
    env: { [REGISTRY_VARIABLE]: host, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const testcases = readTestcases(await Deno.readTextFile(report));
  await Deno.remove(report);
  return { success, testcases, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test(`All clients get along with ${CLUSTER.name}`, async (t) => {
  await using subject = await CLUSTER.start({ SKERRY_LOG: "json" });
  const { success, testcases, output } = await runClients(subject.host);
  for (const { name, outcome } of testcases) await t.step(name, () => assertEquals(outcome, "passed"));
  assert(success && testcases.length > 0, output);
  await t.step("no replica was in trouble", () => assertNoTrouble(subject.log()));
  await t.step("each replica had its share of the requests", async () => {
    const counts = await shares(subject.balancer!);
    console.log("Requests by replica:", counts);
    assertEquals(counts.length, subject.processes.length);
    assertLessOrEqual(Math.max(...counts) - Math.min(...counts), 1);
  });
});
