import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Coverage, readCoverage } from "./coverage.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("select() answers the tests that run the function, the narrow ones of each group first", () => {
  const coverage = new Coverage();
  coverage.add("wide_test.ts", new Set(["a.ts", "a.ts read", "a.ts write", "b.ts"]), 1);
  coverage.add("narrow_test.ts", new Set(["a.ts", "a.ts read"]), 1);
  coverage.add("other_test.ts", new Set(["a.ts", "a.ts write"]), 1);
  coverage.add("far_test.ts", new Set(["b.ts"]), 1);
  const groups = [["wide_test.ts", "narrow_test.ts"], ["far_test.ts"], ["other_test.ts"]];
  assertEquals(coverage.timeOf(groups.flat()), 4);
  const select = (within: string) => coverage.select(groups, { file: "a.ts", within });
  assertEquals(select("Store.read.found"), [["narrow_test.ts", "wide_test.ts"]]);
  assertEquals(select("Store.write"), [["wide_test.ts"], ["other_test.ts"]]);
  assertEquals(select("never"), [["narrow_test.ts", "wide_test.ts"], ["other_test.ts"]]);
});

Deno.test("readCoverage() knows functions, methods and private ones that a command ran, and its child processes'", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const module = "tests/mutate/stages.ts";
    const script = async (name: string, text: string) => {
      await Deno.writeTextFile(`${folder}/${name}.ts`, text);
      return `${folder}/${name}.ts`;
    };
    const inner = await script("inner", `import { stageOf } from "${ROOT}${module}"; stageOf(["a"]);`);
    const outer = await script(
      "outer",
      `import { Coverage } from "${ROOT}tests/mutate/coverage.ts";
      new Coverage().select([], { file: "a.ts", within: "" });
      await new Deno.Command(Deno.execPath(), { args: ["run", "${inner}"] }).output();`,
    );
    const options = { args: ["run", "--allow-run", outer], env: { DENO_COVERAGE_DIR: folder } };
    assert((await new Deno.Command(Deno.execPath(), options).output()).success);
    const ran = await readCoverage(folder, ROOT);
    const expected = [module, `${module} stageOf`, "tests/mutate/coverage.ts select"];
    assertEquals(expected.filter((name) => !ran.has(name)), []);
    assert(!ran.has(`${module} groupsOf`) && !ran.has("tests/mutate/coverage.ts readCoverage"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
