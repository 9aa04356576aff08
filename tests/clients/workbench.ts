import { startRegistry } from "../harness/registry_process.ts";
import { tool, type ToolName } from "../tools/tool.ts";

/** Names the registry that is to be tested (`host:port`, plain HTTP); without it every workbench starts its own. */
export const REGISTRY_VARIABLE = "SKERRY_TEST_REGISTRY";

/** Time of one command of a client after which it counts as hung, in milliseconds. */
const COMMAND_DEADLINE_MS = 180_000;

/** Environment of a client. */
export interface RunOptions {
  env?: Record<string, string>;
  stdin?: string | Uint8Array<ArrayBuffer> | undefined;
}

/** Result of a command. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A registry and an empty home for the clients that are tried on it. Disposing of it leaves nothing behind. */
export interface Workbench extends AsyncDisposable {
  /** `host:port` of the registry. */
  readonly host: string;
  /** A folder of its own, which is also the clients' home. */
  readonly folder: string;
  /** A repository name that no other test uses, should they all share one registry. */
  repository(name: string): string;
  /**
   * Runs a client and returns what it has printed.
   *
   * @throws {Error} When it fails; the message holds what it said.
   */
  run(name: ToolName, args: string[], options?: RunOptions): Promise<string>;
  /** Runs a client that may fail. */
  outcome(name: ToolName, args: string[], options?: RunOptions): Promise<Outcome>;
}

/** Opens a workbench before the registry under test, or before another one that is already running. */
export async function openWorkbench(other?: string): Promise<Workbench> {
  await using stack = new AsyncDisposableStack();
  const host = other ?? Deno.env.get(REGISTRY_VARIABLE) ?? await startOwnRegistry(stack);
  // Unix sockets lie in here and their paths may have 107 bytes: a short name.
  const folder = await Deno.makeTempDir({ prefix: "sk-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const suffix = crypto.randomUUID().slice(0, 8);
  const kept = stack.move();

  async function outcome(name: ToolName, args: string[], options: RunOptions = {}): Promise<Outcome> {
    const env = { ...clientEnv(folder), ...options.env };
    return await execute(await tool(name), args, { env, cwd: folder }, options.stdin);
  }

  async function run(name: ToolName, args: string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await outcome(name, args, options);
    if (code === 0) return stdout;
    throw new Error(`${name} ${args.join(" ")} ended with code ${code}\n${stderr}\n${stdout.slice(-2000)}`);
  }

  return {
    host,
    folder,
    repository: (name) => `${name}-${suffix}`,
    run,
    outcome,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startOwnRegistry(stack: AsyncDisposableStack): Promise<string> {
  const registry = await startRegistry({ env: { SKERRY_LOG: "json" } });
  stack.defer(() => assertNoTrouble(registry.log())); // runs after the registry has stopped
  return stack.use(registry).host;
}

/** Whatever a client does, even when it breaks off in the middle: the registry neither fails nor complains. */
export function assertNoTrouble(log: string): void {
  for (const line of log.trimEnd().split("\n")) {
    const { level, "http.response.status_code": status = 0 } = JSON.parse(line);
    if (level === "error" || status >= 500) throw new Error(`The registry was in trouble: ${line}`);
  }
}

/** Environment of a client: without the real home, a proxy or a terminal. */
export function clientEnv(home: string): Record<string, string> {
  return {
    PATH: Deno.env.get("PATH") ?? "",
    HOME: home,
    TMPDIR: home,
    XDG_RUNTIME_DIR: home,
    LANG: "C.UTF-8",
  };
}

async function execute(
  program: string,
  args: string[],
  { env, cwd }: { env: Record<string, string>; cwd: string },
  stdin?: string | Uint8Array<ArrayBuffer>,
): Promise<Outcome> {
  const child = new Deno.Command(program, {
    args,
    env,
    cwd,
    clearEnv: true,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(COMMAND_DEADLINE_MS),
  }).spawn();
  if (stdin !== undefined) await new Response(stdin).body!.pipeTo(child.stdin);
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
