import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const ROOT = new URL("../../", import.meta.url);
const WORKFLOW = new URL(".github/workflows/deploy.yml", ROOT);

/** The part of a workflow that these tests read. */
interface Workflow {
  jobs: Record<string, { needs?: string; steps: Step[] }>;
}

interface Step {
  run?: string;
  with?: Record<string, unknown>;
}

async function readWorkflow(): Promise<Workflow> {
  return parse(await Deno.readTextFile(WORKFLOW));
}

Deno.test("deploy.yml is a link to the workflow that GitHub runs", async () => {
  assertEquals(await Deno.readLink(new URL("deploy.yml", ROOT)), ".github/workflows/deploy.yml");
});

Deno.test("the workflow deploys the tested commit, and not with the version of Deno that cannot", async () => {
  const { test, deploy } = (await readWorkflow()).jobs;
  assertEquals(deploy?.needs, "test");
  assert(test?.steps.some(({ run }) => run === "deno task test"));
  const versions = deploy?.steps.map((step) => step.with?.["deno-version"]).filter((version) =>
    version !== undefined
  );
  assertEquals(versions, ["v2.9.5"], "denoland/deno#36722");
});

Deno.test("the workflow pushes and pulls at the real address after the deployment", async () => {
  const { smoke } = (await readWorkflow()).jobs;
  assertEquals(smoke?.needs, "deploy");
  const [ready, push] = smoke?.steps.slice(-2).map(({ run }) => run ?? "") ?? [];
  // Also a registry with authentication answers it with 200.
  assertMatch(ready ?? "", /^curl --fail .*\/readyz"$/);
  assertMatch(push ?? "", /^deno task skerry doctor --url "https:\/\/\$REGISTRY_HOST" .* --push /);
});

Deno.test("a preview is deployed to an app of its own, and never to production", async () => {
  const text = await Deno.readTextFile(new URL("preview.yml", WORKFLOW));
  const { on, jobs } = parse(text);
  assertEquals(on, { push: { "branches-ignore": ["main"] } });
  assertEquals(Object.keys(jobs), ["preview"]);
  assertEquals(jobs.preview.environment, "preview");
  assertNotMatch(text, /--prod\b|AWS_|SKERRY_/);
});

Deno.test("deno.json deploys every module that main.ts needs", async () => {
  const { deploy: { include } } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const main = fileURLToPath(new URL("main.ts", ROOT));
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", main] }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
  const paths = modules.map(({ specifier }) => specifier).filter((specifier) =>
    specifier.startsWith(ROOT.href)
  )
    .map((specifier) => specifier.slice(ROOT.href.length));
  assert(paths.includes("storage/table/sqlite.ts"), "what is imported later belongs to it");
  assert(paths.includes("storage/table/sqlite_thread.ts"), "the module of a thread belongs to it");
  assertEquals(paths.filter((path) => !include.includes(path.split("/")[0]!)), []);
});
