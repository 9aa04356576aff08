/** Which of the tasks `test:quick`, `test`, `test:all` and `test:weekly` runs a test file. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LANES } from "./lanes/lanes.ts";

const ROOT = new URL("../", import.meta.url);

interface Configuration {
  exclude: string[];
  tasks: Record<string, { command: string }>;
}

const { exclude, tasks }: Configuration = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));

/** Every test file that `deno test` finds, from the top of the repository. */
async function* testFiles(folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    const path = `${folder}${name}`;
    if (isDirectory && !name.startsWith(".") && !exclude.includes(path)) yield* testFiles(`${path}/`);
    else if (/(^|[_.])test\.[jt]sx?$/.test(name)) yield path;
  }
}

const files = await Array.fromAsync(testFiles());

/** The paths after `--ignore=` of a task. */
function ignoredBy(task: string): string[] {
  return /--ignore=(\S+)/.exec(tasks[task]!.command)![1]!.split(",");
}

function isIn(file: string, paths: string[]): boolean {
  return paths.some((path) => file === path || file.startsWith(`${path}/`));
}

const ignoredByTest = ignoredBy("test");
const ignoredByQuick = ignoredBy("test:quick");
const namedByAll: string[] = Object.values(LANES).flat();
const namedByWeekly = ["tests/weekly"];

Deno.test("exactly one of test, test:all and test:weekly runs each test file", () => {
  assert(files.length > 250);
  for (const file of files) {
    const runs = [!isIn(file, ignoredByTest), isIn(file, namedByAll), isIn(file, namedByWeekly)];
    assertEquals(runs.filter(Boolean).length, 1, file);
  }
  assertStringIncludes(tasks["test:all"]!.command, " tests/lanes/main.ts");
  assertEquals(tasks["test:weekly"]!.command.split(" ").filter((word) => word.includes("/")), [
    "--lock=tests/deno.lock",
    ...namedByWeekly,
  ]);
  assert(files.some((file) => isIn(file, namedByWeekly)));
});

Deno.test("test:all runs no test file in two lanes", () => {
  for (const file of files) {
    const lanes = Object.values(LANES).filter((paths) => isIn(file, [...paths]));
    assert(lanes.length <= 1, file);
  }
});

Deno.test("test:quick runs no test file that test leaves to another task", () => {
  const extra = files.filter((file) => isIn(file, ignoredByTest) && !isIn(file, ignoredByQuick));
  assertEquals(extra, []);
});

Deno.test("test:quick runs the test files beside the sources, except those it names", () => {
  const left = files.filter((file) => isIn(file, ignoredByQuick) && !file.startsWith("tests/"));
  assertEquals(left.sort(), ignoredByQuick.filter((path) => path !== "tests"));
});

Deno.test("every path that a test task names exists", async () => {
  for (const path of [...ignoredByTest, ...ignoredByQuick, ...namedByAll, ...namedByWeekly]) {
    await Deno.stat(new URL(path, ROOT));
  }
});

// A test file that starts processes fails in test:quick, so it cannot make the task slow unnoticed.
Deno.test("test:quick may not start processes", () => {
  assert(tasks["test:quick"]!.command.split(" ").includes("--deny-run"));
});
