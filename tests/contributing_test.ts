/** The paths, tasks and tests that CONTRIBUTING.md names. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const ROOT = new URL("../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));
const text = await read("CONTRIBUTING.md");

Deno.test("every path that CONTRIBUTING.md names exists", async () => {
  const named = [...text.matchAll(/`([\w./]+)`|--only=([\w./]+)/g)].map(([, path, only]) => path ?? only!);
  const paths = named.filter((path) => /^\w+\/|^[a-z]+\.(ts|json|yml|lock)$/.test(path) && path !== "mod.ts");
  assert(paths.length > 50);
  for (const path of paths) await Deno.stat(new URL(path, ROOT));
});

Deno.test("every task that CONTRIBUTING.md names is in deno.json", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  const named = [...text.matchAll(/deno task ([\w:-]+)/g)].map(([, name]) => name!);
  assertEquals(named.filter((name) => !Object.hasOwn(tasks, name)), []);
});

Deno.test("the parts of Deno that CONTRIBUTING.md names are in the files beside them", async () => {
  const rows = text.split("## Upgrading Deno")[1]!.split("##")[0]!.split("\n")
    .filter((line) => line.startsWith("|")).slice(2);
  assert(rows.length > 2);
  for (const row of rows) {
    const [, part, file, , test] = row.split("|");
    const source = await read(file!.trim().slice(1, -1));
    const name = /`([^`]+)`/.exec(part!)?.[1]?.split(".").at(-1);
    if (name !== undefined) assertStringIncludes(source, name);
    const [, title, tested] = /"([^"]+)" in `([^`]+)`/.exec(test!) ?? [];
    if (title !== undefined) assertStringIncludes(await read(tested!), title);
  }
});
