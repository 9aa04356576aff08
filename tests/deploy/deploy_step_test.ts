/** The steps of deploy.yml: the deployment with a stand-in for the command behind `deno deploy`, and the smoke test. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { ADMINISTRATOR, authSetting } from "../harness/secured.ts";
import { freePort } from "../harness/ports.ts";
import { startRegistry } from "../harness/registry_process.ts";

const ROOT = new URL("../../", import.meta.url);

interface Step {
  run?: string;
}

/** The script of the only step of a job that contains `word`. */
async function scriptOf(job: string, word: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(".github/workflows/deploy.yml", ROOT));
  const steps: Step[] = parse(text).jobs[job].steps;
  const scripts = steps.map(({ run = "" }) => run).filter((run) => run.includes(word));
  assertEquals(scripts.length, 1);
  return scripts[0]!;
}

interface Run {
  code: number;
  output: string;
}

/** Runs a script as GitHub does, with this `deno` in its path. */
async function runScript(script: string, deno: string, env: Record<string, string>): Promise<Run> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-step-" });
  try {
    await Deno.symlink(deno, `${folder}/deno`);
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
      cwd: ROOT,
      env: { ...env, PATH: `${folder}:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Path of this version of Deno, which npm downloads. */
async function denoPath(version: string): Promise<string> {
  const args = ["--yes", `deno@${version}`, "eval", "console.log(Deno.execPath())"];
  const { stdout } = await new Deno.Command("npx", { args, cwd: "/", stdin: "null" }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
}

/** Prints its arguments, as far as its input has ended and the token is there. */
const STAND_IN = `
const input = await new Response(Deno.stdin.readable).text();
console.log(JSON.stringify({ args: Deno.args, input, token: Deno.env.get("DENO_DEPLOY_TOKEN") }));
`;

const ARGS = ["--prod", "--json", "--non-interactive", "--org", "an org", "--app", "an app"];

for (const [version, expected] of [["2.9.5", ARGS], ["2.9.6", [...ARGS, ...ARGS]]] as const) {
  const times = expected.length / ARGS.length;
  Deno.test(`the deploy step hands its arguments on ${times} time(s) with Deno ${version}`, async () => {
    const standIn = await Deno.makeTempFile({ prefix: "skerry-stand-in-", suffix: ".ts" });
    try {
      await Deno.writeTextFile(standIn, STAND_IN);
      const { code, output } = await runScript(
        await scriptOf("deploy", "deno deploy"),
        await denoPath(version),
        {
          ORG: "an org",
          APP: "an app",
          DENO_DEPLOY_TOKEN: "secret",
          DENO_DEPLOY_CLI_SPECIFIER: `file://${standIn}`,
        },
      );
      assertEquals(code, 0, output);
      const line = output.split("\n").find((line) => line.startsWith("{"));
      assertEquals(JSON.parse(line ?? output), { args: expected, input: "", token: "secret" });
    } finally {
      await Deno.remove(standIn);
    }
  });
}

Deno.test("the smoke step passes with the robot of docs/deploy.md, and fails without the right to push", async () => {
  const port = freePort();
  const policy = (actions: string[]) => ({
    policies: [{ repositories: ["smoke/**"], allow: [{ to: ["robot:smoke"], actions }] }],
  });
  const data = await Deno.makeTempDir({ prefix: "skerry-smoke-" });
  const smoke = await scriptOf("smoke", "skerry doctor");
  assertStringIncludes(smoke, "https://$REGISTRY_HOST");
  const script = smoke.replace("https://", "http://");
  let token = "";
  for (const actions of [["pull", "push", "overwrite", "delete"], ["pull"]]) {
    await using registry = await startRegistry({ port, data, env: await authSetting(port, policy(actions)) });
    if (token === "") token = await createToken(registry.url);
    const { code, output } = await runScript(script, Deno.execPath(), {
      REGISTRY_HOST: registry.host,
      SKERRY_DOCTOR_PASSWORD: token,
    });
    assertEquals(code, actions.length === 1 ? 1 : 0, output);
    assert(!output.includes(token));
    assertStringIncludes(output, actions.length === 1 ? "Cannot start an upload" : "Deleted");
  }
  await Deno.remove(data, { recursive: true });
});

/** Creates a token of the robot "smoke" over HTTP, as docs/accounts.md describes. */
async function createToken(url: string): Promise<string> {
  const { username, password } = ADMINISTRATOR;
  const response = await fetch(`${url}/v2/_skerry/tokens`, {
    method: "POST",
    headers: {
      Authorization: `Basic ${btoa(`${username}:${password}`)}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      robot: "smoke",
      description: "smoke test",
      grants: ["pull,push,overwrite,delete:smoke/**"],
    }),
  });
  const body = await response.json();
  assertEquals(response.status, 201, JSON.stringify(body));
  return body.secret;
}
