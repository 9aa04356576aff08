import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";

const ACTION = new URL("../../.github/actions/login/action.yml", import.meta.url);

/** The parts of an action that these tests read. */
interface Action {
  inputs: Record<string, { required?: boolean; default?: string }>;
  runs: { using: string; steps: { shell: string; env: Record<string, string>; run: string }[] };
}

/** Tokens with characters that are special for a shell, a form, JSON and the runner. */
const GITHUB_TOKEN = "eyJ.a+b/c=&d%20%0Ae \"f\" \\n 'g' $(h) `i` ü *";
const PASSWORD = "eyJ.p+q/r=&s%25 \"t\" \\u0041 '$HOME' `v` & *";

async function readAction(): Promise<Action> {
  return parse(await Deno.readTextFile(ACTION));
}

/** Environment of the job. */
interface Job {
  registry: string;
  audience?: string;
  tool?: string;
  /** The permission to ask for tokens. */
  permitted?: boolean;
}

/** Result of the action. */
interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  /** Arguments and standard input of the login program, if it was called. */
  login?: { args: string[]; stdin: string };
}

/** GitHub and a registry in one, on loopback. */
class Stub implements AsyncDisposable {
  readonly requests: { method: string; url: URL; authorization: string | null; form: URLSearchParams }[] = [];
  /** Answer of the registry. */
  answer: () => Response = () => Response.json({ access_token: PASSWORD, token_type: "N_A" });
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => this.#handle(request),
  );

  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  async #handle(request: Request): Promise<Response> {
    const { method } = request;
    const url = new URL(request.url);
    const form = new URLSearchParams(await request.text());
    this.requests.push({ method, url, authorization: request.headers.get("Authorization"), form });
    return url.pathname === "/token" ? this.answer() : Response.json({ count: 1, value: GITHUB_TOKEN });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Runs the action's step as a runner does, with a program in place of `tool` that records its input. */
async function runAction(
  { registry, audience, tool, permitted = true }: Job,
  { host }: Stub,
): Promise<Outcome> {
  const { inputs, runs: { steps: [step] } } = await readAction();
  const folder = await Deno.makeTempDir();
  try {
    const name = tool ?? inputs["tool"]!.default!;
    const program =
      `#!/bin/sh\nprintf '%s\\n' "$@" > "${folder}/args"\ncat > "${folder}/stdin"\necho Login Succeeded\n`;
    if (!name.includes("/")) await Deno.writeTextFile(`${folder}/${name}`, program, { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/script`, step!.run);
    const given: Record<string, string> = { registry, audience: audience ?? "", tool: name };
    const env = Object.entries(step!.env).map(([variable, expression]) => {
      return [variable, given[/^\$\{\{ inputs\.(\w+) \}\}$/.exec(expression)![1]!]!];
    });
    const { code, stdout, stderr } = await new Deno.Command("bash", {
      args: ["--noprofile", "--norc", "-eo", "pipefail", `${folder}/script`],
      clearEnv: true,
      env: {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        ...Object.fromEntries(env),
        ...(permitted && {
          ACTIONS_ID_TOKEN_REQUEST_URL: `http://${host}/oidc?api-version=2.0`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
        }),
      },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const args = await Deno.readTextFile(`${folder}/args`).catch(() => undefined);
    const login = args === undefined
      ? {}
      : { login: { args: args.trimEnd().split("\n"), stdin: await Deno.readTextFile(`${folder}/stdin`) } };
    return { code, stdout: out!, stderr: err!, ...login };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Texts that the runner hides from then on. */
function masksIn(stdout: string): string[] {
  return [...stdout.matchAll(/^::add-mask::(.*)$/gm)].map(([, text]) =>
    text!.replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%")
  );
}

function lacksProgram(): string | undefined {
  return ["bash", "curl", "jq"].find((program) => {
    try {
      return !new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
        .success;
    } catch {
      return true;
    }
  });
}

const missing = Deno.build.os === "windows" ? "POSIX" : lacksProgram();

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} [there is no ${missing}]`,
    ignore: missing !== undefined,
    fn,
  });
}

Deno.test("the login action hands its inputs to the script as variables alone", async () => {
  const { inputs, runs: { using, steps } } = await readAction();
  assertEquals(using, "composite");
  assertEquals(Object.keys(inputs), ["registry", "audience", "tool"]);
  for (const { shell, env, run } of steps) {
    assertEquals(shell, "bash");
    assertEquals(
      Object.values(env),
      ["registry", "audience", "tool"].map((name) => `\${{ inputs.${name} }}`),
    );
    assert(run.startsWith("set -euo pipefail\n"));
    assertNotMatch(run, /\$\{\{/);
  }
});

test("the login action exchanges the job's token for a password and logs in with it", async () => {
  await using stub = new Stub();
  const { code, stdout, stderr, login } = await runAction({ registry: `http://${stub.host}/` }, stub);
  assertEquals(code, 0, stdout + stderr);
  const [asked, exchanged, ...more] = stub.requests;
  assertEquals(more, []);
  assertEquals(asked?.authorization, "bearer request-token");
  assertEquals([...asked!.url.searchParams], [["api-version", "2.0"], ["audience", stub.host]]);
  assertEquals(asked?.method, "GET");
  assertEquals(exchanged?.method, "POST");
  assertEquals(exchanged?.url.search, "");
  assertEquals(Object.fromEntries(exchanged!.form), {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    subject_token: GITHUB_TOKEN,
  });
  assertEquals(login?.args, ["login", "--username", "github", "--password-stdin", stub.host]);
  assertEquals(login?.stdin, PASSWORD);
});

test("the login action has the runner hide both tokens, and shows them nowhere else", async () => {
  await using stub = new Stub();
  const { stdout, stderr } = await runAction({ registry: `http://${stub.host}` }, stub);
  assertEquals(masksIn(stdout), [GITHUB_TOKEN, PASSWORD]);
  const rest = stdout.replace(/^::add-mask::.*$/gm, "") + stderr;
  for (const secret of [GITHUB_TOKEN, PASSWORD, "request-token"]) assert(!rest.includes(secret));
});

test("the login action asks for a token for the audience that it is given", async () => {
  await using stub = new Stub();
  await runAction({ registry: `http://${stub.host}`, audience: "a b&c=d" }, stub);
  assertEquals(stub.requests[0]?.url.searchParams.get("audience"), "a b&c=d");
});

test("the login action names the permission that a job lacks", async () => {
  await using stub = new Stub();
  const { code, stdout, login } = await runAction(
    { registry: `http://${stub.host}`, permitted: false },
    stub,
  );
  assertEquals(code, 1);
  assertMatch(stdout, /^::error::.*id-token: write/m);
  assertEquals([stub.requests, login], [[], undefined]);
});

test("the login action says why the registry refuses a token, on one line", async () => {
  await using stub = new Stub();
  const error_description = "Token is not valid here\n::warning::100%";
  stub.answer = () => Response.json({ error: "invalid_grant", error_description }, { status: 401 });
  const { code, stdout, login } = await runAction({ registry: `http://${stub.host}` }, stub);
  assertEquals(code, 1);
  assertStringIncludes(
    stdout,
    "::error::The registry refuses the ID token: 401 Token is not valid here%0A",
  );
  assertNotMatch(stdout, /^::warning/m);
  assertEquals(login, undefined);
});

test("the login action logs in nowhere with an answer that has no password", async () => {
  await using stub = new Stub();
  for (const answer of ["<html>", "{}", '{"access_token":null}', ""]) {
    stub.answer = () => new Response(answer);
    const { code, stdout, login } = await runAction({ registry: `http://${stub.host}` }, stub);
    assertEquals([code, login], [1, undefined]);
    assertMatch(stdout, /^::error::Cannot read the answer/m);
  }
});

test("the login action logs in with the tool that it is given", async () => {
  await using stub = new Stub();
  for (
    const [tool, command] of [["podman", "login"], ["oras", "login"], ["helm", "registry login"]] as const
  ) {
    const { code, login } = await runAction({ registry: `http://${stub.host}`, tool }, stub);
    assertEquals(code, 0);
    assertEquals(login?.args.join(" "), `${command} --username github --password-stdin ${stub.host}`);
    assertEquals(login?.stdin, PASSWORD);
  }
});

test("the login action refuses inputs that are no host and no tool", async () => {
  await using stub = new Stub();
  const registries = [
    "",
    "--help",
    "a b",
    "host/path",
    "user@host",
    "host:port",
    "ftp://host",
    "host\n::warning::x",
    "$(id)",
  ];
  for (const registry of registries) {
    const { code, stdout } = await runAction({ registry }, stub);
    assertEquals(code, 1, registry);
    assertMatch(stdout, /^::error::Input 'registry'[^\n]*\n$/);
  }
  const { code, stdout } = await runAction({ registry: `http://${stub.host}`, tool: "sh" }, stub);
  assertEquals(code, 1);
  assertMatch(stdout, /^::error::Input 'tool'/);
  assertEquals(stub.requests, []);
});
