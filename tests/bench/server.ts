/**
 * Servers as processes of their own, and what the kernel (Linux) tells of them.
 *
 * @module
 */

import { freePort } from "../harness/ports.ts";

/** Maximum time until the first answer of a server, in milliseconds; the first one downloads its modules. */
const START_DEADLINE_MS = 60_000;

/** `USER_HZ`: what `/proc` counts CPU time in is a hundredth of a second on every Linux. */
const MS_PER_TICK = 10;

/** The packages of tests as well: baselines stand on them. */
const LOCK = new URL("../deno.lock", import.meta.url).pathname;

/** Options of {@linkcode startServer}. */
export interface ServerOptions {
  /** The script: an absolute path, or one from the top of the repository. */
  readonly script: string;
  /** Its environment, beside `HOST` and `PORT`; the caller's own settings of the registry are not passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Port that it listens at, by default a free one. */
  readonly port?: number;
}

/** Program that serves a registry. */
export interface ServerProgram {
  /** Path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Port that it listens at. */
  readonly port: number;
  /** True if its error stream is discarded as well: some programs write their log there. */
  readonly quiet?: boolean;
}

/** A running server. Disposing of it ends the process. */
export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** From spawn to the first answer, in milliseconds. */
  readonly startup: number;
}

/** Starts a script as {@linkcode startProgram} does. */
export function startServer({ script, env, port = freePort() }: ServerOptions): Promise<Server> {
  const path = script.startsWith("/") ? script : new URL(`../../${script}`, import.meta.url).pathname;
  const lock = script.startsWith("tests/") ? [`--lock=${LOCK}`] : [];
  return startProgram({
    program: Deno.execPath(),
    args: ["run", ...lock, "--allow-all", path],
    env: { HOST: "127.0.0.1", PORT: `${port}`, ...env },
    port,
  });
}

/**
 * Starts a program and waits until it answers `GET /v2/` with 200, or with 401 if it requires a login. A bare handler
 * may answer every request with 307. Its output is discarded at no cost to the machine; its errors are shown.
 */
export async function startProgram(
  { program, args, env = {}, port, quiet = false }: ServerProgram,
): Promise<Server> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("SKERRY_"));
  const began = performance.now();
  const child = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), ...env },
    stdin: "null",
    stdout: "null",
    stderr: quiet ? "null" : "inherit",
  }).spawn();

  let ended = false;
  child.status.then(() => ended = true);

  async function dispose(): Promise<void> {
    if (!ended) child.kill("SIGKILL");
    await child.status;
  }

  try {
    while (!await isAnswering(port)) {
      if (ended) throw new Error("it ended");
      if (performance.now() > began + START_DEADLINE_MS) throw new Error("it gave no answer");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } catch (error) {
    await dispose();
    const command = [program, ...args].join(" ");
    throw new Error(`Cannot start "${command}": ${(error as Error).message}`, { cause: error });
  }
  return { port, pid: child.pid, startup: performance.now() - began, [Symbol.asyncDispose]: dispose };
}

async function isAnswering(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("GET /v2/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    const answer = new Uint8Array(64);
    const length = await connection.read(answer);
    const start = new TextDecoder().decode(answer.subarray(0, length ?? 0));
    if (/^HTTP\/1\.1 (200|307|401) /.test(start)) return true;
    throw new Error(`it answered "${start}"`);
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Processes that the process has started and that still run. */
export async function childrenOf({ pid }: Pick<Server, "pid">): Promise<{ pid: number }[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return children.split(" ").filter((text) => text !== "").map((text) => ({ pid: Number(text) }));
}

/** The processes that the process starts, once there are this many. */
export async function awaitChildren(
  server: Pick<Server, "pid">,
  count: number,
): Promise<{ pid: number }[]> {
  for (;;) {
    const children = await childrenOf(server);
    if (children.length >= count) return children;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** CPU that the processes have used, as {@linkcode cpuOf} tells it of one. */
export async function cpuOfAll(processes: readonly Pick<Server, "pid">[]): Promise<number> {
  const times = await Promise.all(processes.map(cpuOf));
  return times.reduce((sum, time) => sum + time, 0);
}

/** CPU that the process has used in all its threads, those that ended included, in milliseconds. */
export async function cpuOf({ pid }: Pick<Server, "pid">): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // proc(5): the name, in parentheses, may hold anything; utime and stime are the 14th and 15th fields.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** The most memory that the process has had resident at any time, in MiB. */
export function peakMemoryOf(process: Pick<Server, "pid">): Promise<number> {
  return memoryOf(process, "VmHWM");
}

/** Memory of the process that is resident now, in MiB. */
export function residentMemoryOf(process: Pick<Server, "pid">): Promise<number> {
  return memoryOf(process, "VmRSS");
}

async function memoryOf({ pid }: Pick<Server, "pid">, field: "VmHWM" | "VmRSS"): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (kibibytes === undefined) throw new Error(`Cannot read the memory of process ${pid}`);
  return Number(kibibytes) / 1024;
}

/** Files and sockets that the process has open. */
export async function openFilesOf({ pid }: Server): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
}
