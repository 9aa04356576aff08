/**
 * The real registry as a process of its own, for tests that watch it from outside.
 *
 * ```ts ignore
 * await using registry = await startRegistry({ env: { SKERRY_REFERENCES: "sparse" } });
 * await fetch(`${registry.url}/v2/`);
 * ```
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { freePort } from "./ports.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/**
 * Maximum time of a registry from spawn to its first answer, in milliseconds; the first start of all downloads its
 * modules.
 */
const START_DEADLINE_MS = 60_000;

/** Time for a registry to stop after SIGINT before it is killed, in milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** Options of {@linkcode startRegistry}. */
export interface StartOptions {
  /** Settings on top of host, port and data folder. The caller's own `SKERRY_*` and `AWS_*` are not passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Data folder, which is kept when the process ends. By default a new one that is removed with the process. */
  readonly data?: string;
  /** Entry point; by default the `main.ts` of the sources. */
  readonly main?: string;
  /** Options of `deno run`; by default every permission. */
  readonly permissions?: readonly string[];
  /** Maximum open files and connections of the process; by default as many as this one may have. */
  readonly descriptors?: number;
  /** True if a registry answers at `http://host:port`; by default a GET of `/livez`. */
  readonly isLive?: (url: string) => Promise<boolean>;
  /** TCP port, for a registry that restarts at the same one. By default a free one. */
  readonly port?: number;
}

/** A running registry. Disposing of it stops the process and waits for its end. */
export interface RegistryProcess extends AsyncDisposable {
  /** `host:port`, the first part of an image's name. */
  readonly host: string;
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The data folder. */
  readonly data: string;
  /** Resolves when the process has ended, for any reason. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Output and error stream of the process so far. */
  log(): string;
  /** Sends a signal (SIGKILL by default) and waits for the end. */
  kill(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/**
 * Starts a registry on the loopback interface and waits until it answers.
 *
 * @throws {Error} if it ends or does not answer, with its log in the message.
 */
export async function startRegistry(options: StartOptions = {}): Promise<RegistryProcess> {
  const port = options.port ?? freePort();
  const data = options.data ?? await Deno.makeTempDir({ prefix: "skerry-" });
  const deno = [Deno.execPath(), "run", ...options.permissions ?? ["--allow-all"], options.main ?? MAIN];
  const limited = ["sh", "-c", `ulimit -n ${options.descriptors}; exec "$@"`, "sh", ...deno];
  const [command, ...args] = options.descriptors === undefined ? deno : limited;
  const child = new Deno.Command(command!, {
    args,
    clearEnv: true,
    env: {
      ...inheritedEnv(),
      NO_COLOR: "1",
      HOST: "127.0.0.1",
      PORT: `${port}`,
      SKERRY_DATA: data,
      ...options.env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let log = "";
  const drained = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) log += text;
  }));
  const status = drained.then(() => child.status);

  async function kill(signal: Deno.Signal = "SIGKILL"): Promise<Deno.CommandStatus> {
    send(child, signal);
    return await status;
  }

  async function dispose(): Promise<void> {
    const timer = setTimeout(() => send(child, "SIGKILL"), STOP_DEADLINE_MS);
    await kill("SIGINT"); // SIGTERM would drain
    clearTimeout(timer);
    if (options.data === undefined) await Deno.remove(data, { recursive: true });
  }

  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  try {
    await untilReady(url, status, options.isLive ?? isLive);
  } catch (error) {
    await dispose();
    throw new Error(`Cannot start the registry: ${(error as Error).message}\n${log}`, { cause: error });
  }
  return {
    host,
    url,
    port,
    pid: child.pid,
    data,
    status,
    log: () => log,
    kill,
    [Symbol.asyncDispose]: dispose,
  };
}

function inheritedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !/^(SKERRY|AWS)_/.test(name)),
  );
}

async function untilReady(
  url: string,
  status: Promise<Deno.CommandStatus>,
  isLive: (url: string) => Promise<boolean>,
): Promise<void> {
  let ended: Deno.CommandStatus | undefined;
  status.then((value) => ended = value);
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (ended !== undefined) throw new Error(`it ended with code ${ended.code}`);
    if (await isLive(url)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it gave no answer within ${START_DEADLINE_MS} ms`);
}

async function isLive(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // no process listens yet
  }
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // The process has ended already: Deno answers with either of these.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
