import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { tool } from "../../tools/tool.ts";

const ROOT = new URL("../../../", import.meta.url);
const shellcheck = await tool("shellcheck");
const actionlint = await tool("actionlint");

/** Runs a program at the top of the repository with a text as its standard input. */
async function run(program: string, args: string[], input = ""): Promise<{ code: number; output: string }> {
  const command = new Deno.Command(program, {
    args,
    cwd: fileURLToPath(ROOT),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const [, { code, stdout, stderr }] = await Promise.all([
    new Blob([input]).stream().pipeTo(child.stdin),
    child.output(),
  ]);
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

const LINT = ["-no-color", `-shellcheck=${shellcheck}`, "-pyflakes="];

Deno.test("actionlint accepts every workflow", async () => {
  const { code, output } = await run(actionlint, LINT);
  assertEquals(output, "");
  assertEquals(code, 0);
});

/** Workflows that a page of the documentation contains. */
async function workflowsOf(page: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(page, ROOT));
  const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block!);
  return blocks.filter((block) => /^jobs:$/m.test(block));
}

for (const page of ["docs/github-actions.md", "docs/scanning.md"]) {
  Deno.test(`actionlint accepts the workflow of ${page}`, async () => {
    const workflows = await workflowsOf(page);
    assertEquals(workflows.length, 1);
    for (const workflow of workflows) {
      const { code, output } = await run(actionlint, [...LINT, "-"], workflow);
      assertEquals(output, "");
      assertEquals(code, 0);
    }
  });
}

Deno.test("actionlint reports an unknown key and an unquoted variable", async () => {
  const workflow = `on: push
jobs:
  a:
    runs-on: ubuntu-24.04
    timeout-minute: 1
    steps:
      - run: cat $GITHUB_OUTPUT
`;
  const { code, output } = await run(actionlint, [...LINT, "-"], workflow);
  assertEquals(code, 1);
  assertMatch(output, /unexpected key "timeout-minute"/);
  assertMatch(output, /SC2086/);
});

// actionlint does not read the scripts of actions.
Deno.test("shellcheck accepts the script of the login action", async () => {
  const action = parse(await Deno.readTextFile(new URL(".github/actions/login/action.yml", ROOT)));
  for (const { run: script } of action.runs.steps) {
    const { code, output } = await run(shellcheck, ["--shell=bash", "--color=never", "-"], script);
    assertEquals(output, "");
    assertEquals(code, 0);
  }
});
