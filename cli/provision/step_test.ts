import { assertEquals } from "@std/assert";
import { type Outcome, takeSteps } from "./step.ts";

/** The lines of one step, and whether it was enough. */
async function take(
  ensure: () => Promise<Outcome>,
  { optional = false, dryRun = false } = {},
): Promise<{ complete: boolean; lines: string[] }> {
  const lines: string[] = [];
  const complete = await takeSteps(
    [{ what: "a table", optional, ensure }],
    dryRun,
    (line) => lines.push(line),
  );
  return { complete, lines };
}

Deno.test("takeSteps() prints each finding, change, or planned change", async () => {
  const changed = () => Promise.resolve({ state: "changed" as const });
  assertEquals(await take(() => Promise.resolve({ state: "there" })), {
    complete: true,
    lines: ["exists    a table"],
  });
  assertEquals(await take(changed), { complete: true, lines: ["done      a table"] });
  assertEquals(await take(changed, { dryRun: true }), { complete: true, lines: ["would do  a table"] });
});

Deno.test("takeSteps() continues after a failure, and warns of a failed optional step", async () => {
  const fail = () => Promise.reject(new Error("Access denied"));
  assertEquals(await take(fail), { complete: false, lines: ["FAILED    a table: Access denied"] });
  assertEquals(await take(fail, { optional: true }), {
    complete: true,
    lines: ["warning   a table: Access denied"],
  });
  const wrong = () => Promise.resolve({ state: "wrong" as const, reason: "It is a chair" });
  assertEquals((await take(wrong)).lines, ["FAILED    a table: It is a chair"]);

  const lines: string[] = [];
  const steps = [fail, () => Promise.resolve({ state: "there" as const })].map((ensure, index) => ({
    what: `step ${index}`,
    ensure,
  }));
  assertEquals(await takeSteps(steps, false, (line) => lines.push(line)), false);
  assertEquals(lines.at(-1), "exists    step 1");
});
