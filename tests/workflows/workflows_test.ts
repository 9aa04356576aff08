import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { parse } from "yaml";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);

/** The part of a workflow that these tests read. */
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: { group: string };
  jobs: Record<string, Job>;
}

interface Job {
  needs?: string | string[];
  permissions?: Record<string, string>;
  container?: { image: string };
  "timeout-minutes": number;
  steps: Step[];
}

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

const workflows = new Map<string, { text: string; workflow: Workflow }>();
for await (const { name } of Deno.readDir(FOLDER)) {
  const text = await Deno.readTextFile(new URL(name, FOLDER));
  workflows.set(name, { text, workflow: parse(text) });
}

const jobsOf = ({ jobs }: Workflow) => Object.values(jobs);
const stepsOf = (workflow: Workflow) => jobsOf(workflow).flatMap(({ steps }) => steps);

function runsOf(name: string): (string | undefined)[] {
  return stepsOf(workflows.get(name)!.workflow).map(({ run }) => run);
}

/** Jobs that may do more than read, and their rights. */
const RIGHTS: Record<string, Record<string, string>> = {
  "release.yml draft": { contents: "write" },
  "release.yml build": { contents: "read", packages: "write" },
  "release.yml image": { contents: "read", packages: "write", "id-token": "write", attestations: "write" },
  "release.yml archive": { contents: "write", "id-token": "write", attestations: "write" },
  "release.yml publish": { contents: "write" },
};

for (const [name, { text, workflow }] of workflows) {
  Deno.test(`${name} may only read, except jobs that publish, and each of its jobs has a time limit`, () => {
    assertEquals(workflow.permissions, { contents: "read" });
    assert(workflow.concurrency.group.length > 0);
    for (const [job, { permissions, "timeout-minutes": minutes }] of Object.entries(workflow.jobs)) {
      assertEquals(permissions, RIGHTS[`${name} ${job}`], job);
      assert(minutes <= (name === "test-all.yml" ? 240 : 30));
    }
  });

  Deno.test(`${name} runs actions by commit, and leaves no credentials in the checkout`, () => {
    for (const { uses, with: inputs } of stepsOf(workflow)) {
      if (uses === undefined) continue;
      assertMatch(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      if (uses.startsWith("actions/checkout@")) assertEquals(inputs?.["persist-credentials"], false);
    }
  });

  Deno.test(`${name} puts no expression into a script`, () => {
    for (const { run } of stepsOf(workflow)) assertNotMatch(run ?? "", /\$\{\{/);
  });

  // A pull request of a fork would run with the secrets of the repository.
  Deno.test(`${name} does not start on pull_request_target`, () => {
    assertEquals(Object.keys(workflow.on).filter((event) => event === "pull_request_target"), []);
    if ("pull_request" in workflow.on) assertNotMatch(text, /\bsecrets\b\./);
  });
}

Deno.test("the workflows use one commit of each action", () => {
  const used = [...workflows.values()].flatMap(({ workflow }) => stepsOf(workflow)).map(({ uses }) => uses);
  const commits = new Set(used.filter((uses) => uses !== undefined));
  const actions = new Set([...commits].map((uses) => uses.split("@")[0]));
  assertEquals(commits.size, actions.size);
});

Deno.test("pull-request.yml runs the gate and the tests", () => {
  const runs = runsOf("pull-request.yml");
  assert(runs.includes("deno task ok"));
  assert(runs.includes("deno task test"));
});

Deno.test("test-all.yml runs the long tests on a schedule and by hand", () => {
  assert(runsOf("test-all.yml").includes("deno task test:all"));
  assert(runsOf("test-all.yml").includes("deno task test:weekly"));
  assertEquals(Object.keys(workflows.get("test-all.yml")!.workflow.on), ["schedule", "workflow_dispatch"]);
});

Deno.test("release.yml starts on a tag alone, and publishes after the tests have passed", () => {
  const { on, jobs } = workflows.get("release.yml")!.workflow;
  assertEquals(on, { push: { tags: ["v*"] } });
  assert(jobs.test!.steps.some(({ run }) => run === "deno task test"));
  assertEquals(Object.entries(jobs).map(([name, { needs }]) => [name, needs]), [
    ["test", undefined],
    ["draft", "test"],
    ["build", "draft"],
    ["image", "build"],
    ["archive", "draft"],
    ["publish", ["image", "archive"]],
  ]);
});

Deno.test("only deploy.yml and preview.yml deploy", () => {
  const deploying = [...workflows].filter(([, { text }]) => /deno deploy|DENO_DEPLOY_TOKEN/.test(text));
  assertEquals(deploying.map(([name]) => name).sort(), ["deploy.yml", "preview.yml"]);
});

Deno.test("every workflow tests with the version of Deno that CONTRIBUTING.md names", async () => {
  const text = await Deno.readTextFile(new URL("../../CONTRIBUTING.md", import.meta.url));
  const version = /^Deno (\d+\.\d+\.\d+) is all/m.exec(text)?.[1];
  for (const [name, { workflow }] of workflows) {
    for (const { steps } of jobsOf(workflow)) {
      if (!steps.some(({ run }) => run?.startsWith("deno task"))) continue;
      const versions = steps.map((step) => step.with?.["deno-version"]).filter((found) =>
        found !== undefined
      );
      assertEquals(versions, [`v${version}`], name);
    }
  }
});
