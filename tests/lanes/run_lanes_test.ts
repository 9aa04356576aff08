import { assertEquals, assertNotEquals } from "@std/assert";
import { tally } from "../junit/tally.ts";
import { runLanes } from "./run_lanes.ts";

/** A folder with these test files, and nothing of the project's configuration. */
async function folderOf(files: Record<string, string>): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "skerry-lanes-" });
  for (const [name, source] of Object.entries(files)) await Deno.writeTextFile(`${path}/${name}`, source);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** A test that passes only while the other one runs too: it makes its own file, and waits a minute for the other's. */
function meeting(folder: string, own: string, other: string): string {
  return `Deno.test("meets the other lane", async () => {
    await Deno.writeTextFile("${folder}/${own}", "");
    for (let tries = 0; tries < 3000; tries++) {
      if (await Deno.stat("${folder}/${other}").then(() => true, () => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("The other lane did not run");
  });`;
}

Deno.test("runLanes() runs the lanes at the same time, each with ports of its own", async () => {
  await using folder = await folderOf({});
  const { path } = folder;
  const tellPorts = `\nDeno.test("ports", () => console.log("range", Deno.env.get("TEST_PORTS")));`;
  await Deno.writeTextFile(`${path}/a_test.ts`, meeting(path, "a", "b") + tellPorts);
  await Deno.writeTextFile(`${path}/b_test.ts`, meeting(path, "b", "a") + tellPorts);
  const lines: string[] = [];
  const stages = await runLanes(
    { one: [`${path}/a_test.ts`], two: [`${path}/b_test.ts`] },
    ["--no-config"],
    (line) => lines.push(line),
  );
  assertEquals(stages.map(({ name, exitCode }) => [name, exitCode]), [["one", 0], ["two", 0]]);
  assertEquals(tally(stages), { passed: 4, failed: 0, skipped: 0 });
  const [one, two] = ["one", "two"].map((lane) => {
    return lines.map((line) => line.split(`[${lane}] range `)[1]).find((range) => range !== undefined);
  });
  assertEquals([one, two].map((range) => /^\d+-\d+$/.test(range ?? "")), [true, true]);
  const [[, firstEnd], [secondFirst]] = [one, two].map((range) => range!.split("-")) as [string[], string[]];
  assertEquals(firstEnd, secondFirst);
});

Deno.test("runLanes() runs a lane to its end when another one fails or cannot start its tests", async () => {
  await using folder = await folderOf({
    "green_test.ts": `Deno.test("green", () => {});`,
    "red_test.ts": `Deno.test("red", () => { throw new Error("x"); });`,
    "broken_test.ts": `import "./missing.ts";`,
  });
  const lanes = Object.fromEntries(
    ["red", "broken", "green"].map((name) => [name, [`${folder.path}/${name}_test.ts`]]),
  );
  const stages = await runLanes(lanes, ["--no-config"], () => {});
  assertEquals(stages.map(({ exitCode }) => exitCode === 0), [false, false, true]);
  assertEquals(tally(stages), { passed: 1, failed: 2, skipped: 0 });
  assertNotEquals(stages[0]!.junit, undefined);
});
