import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readTestcases } from "../junit/testcases.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Which tests {@linkcode runTests} runs, and with what. */
export interface TestRun {
  /** Files and folders of tests, from the root of the project. */
  readonly paths: readonly string[];
  /** Those among them that are left out. */
  readonly ignore?: readonly string[];
  /** Environment variables that select the registry or the store under test. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs tests in a process of their own, with an environment of their own: one step for each of them. It is how tests that
 * start what they need are run again on something that is there already.
 */
export async function runTests(t: Deno.TestContext, { paths, ignore = [], env }: TestRun): Promise<void> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--lock=tests/deno.lock", "--allow-all", "--no-check", `--junit-path=${report}`],
      ...(ignore.length > 0 ? [`--ignore=${ignore.join(",")}`] : []),
      ...paths,
    ],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const testcases = readTestcases(await Deno.readTextFile(report));
  await Deno.remove(report);
  for (const { name, outcome, message } of testcases) {
    await t.step(name, () => assertEquals(outcome, "passed", message));
  }
  assert(success && testcases.length > 0, decoder.decode(stdout) + decoder.decode(stderr));
}
