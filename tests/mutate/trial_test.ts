import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Mistake } from "./mistake.ts";
import { mistakesIn } from "./mistakes.ts";
import { LOCK, type Stage } from "./stages.ts";
import { Tree } from "./tree.ts";
import { Trial } from "./trial.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FILE = "registry/time_span.ts";
const BESIDE: Stage = {
  name: "beside",
  args: ["test", LOCK, "--quiet", "--no-check", "registry/retention/time_span_test.ts"],
};

Deno.test("run() distinguishes found mistakes, survivors, and mistakes that do not type-check", async () => {
  await using tree = await Tree.copy(ROOT);
  const source = await tree.read(FILE);
  const killed = mistakesIn(FILE, source).find(({ kind, now }) =>
    kind === "constant returned" && now === "false"
  )!;
  const invalid: Mistake = { ...killed, now: '"text" * 2' };
  const trial = new Trial(tree, () => [BESIDE], 60_000);
  const outcome = await trial.run(killed);
  assertEquals([outcome.result, outcome.result === "killed" && outcome.by], ["killed", "beside"]);
  assertEquals(await trial.run(invalid), { result: "invalid" });
  assertEquals(await new Trial(tree, () => [], 60_000).run(killed), { result: "survived" });
  assertEquals(await tree.read(FILE), source);
});

Deno.test("failureOf() ends a stage that takes too long", async () => {
  await using tree = await Tree.copy(ROOT);
  const trial = new Trial(tree, () => [], 1000);
  const endless = { name: "endless", args: ["eval", "setInterval(() => {}, 1000)"] };
  assertEquals(await trial.failureOf(endless), "not done in time");
  const patient = new Trial(tree, () => [], 60_000);
  assertEquals(await patient.failureOf({ ...endless, limit: 1000 }), "not done in time");
});
