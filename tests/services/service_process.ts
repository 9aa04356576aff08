/** Time for a service to stop after SIGTERM before it is killed, in milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** Default of the maximum time until a service is usable, in milliseconds. */
const START_DEADLINE_MS = 120_000;

/** Options of {@linkcode startProcess}. */
export interface ProcessOptions {
  /** The absolute path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  /** The working folder; by default the caller's. */
  readonly cwd?: string;
  /** Variables on top of the caller's. */
  readonly env?: Readonly<Record<string, string>>;
  /** True if it can be used; it is asked again and again, and given what the process has written so far. */
  readonly ready: (log: string) => boolean | Promise<boolean>;
  /** Milliseconds until it must be usable. */
  readonly deadline?: number;
}

/** A running service. Disposing of it stops the process and waits for its end. */
export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the process has ended, however that came. */
  readonly status: Promise<Deno.CommandStatus>;
  /** All that the process has written to its output and error stream so far. */
  log(): string;
}

/**
 * Starts a process and waits until it is usable.
 *
 * @throws {Error} When it ends or stays silent instead; the message holds its log.
 */
export async function startProcess(name: string, options: ProcessOptions): Promise<ServiceProcess> {
  const { program, args, cwd, env = {}, ready, deadline = START_DEADLINE_MS } = options;
  const child = new Deno.Command(program, {
    args: [...args],
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const drained = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) log += text;
  }));
  let ended = false;
  const status = drained.then(() => child.status).finally(() => ended = true);

  async function stop(): Promise<void> {
    if (!ended) send(child, "SIGTERM");
    const timer = setTimeout(() => send(child, "SIGKILL"), STOP_DEADLINE_MS);
    await status;
    clearTimeout(timer);
  }

  const end = Date.now() + deadline;
  try {
    while (!(await ready(log))) {
      if (ended) throw new Error("it ended");
      if (Date.now() > end) throw new Error(`it was not usable within ${deadline} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch (error) {
    await stop();
    throw new Error(`Cannot start ${name}: ${(error as Error).message}\n${log}`, { cause: error });
  }
  return { pid: child.pid, status, log: () => log, [Symbol.asyncDispose]: stop };
}

/** True if a server answers HTTP at this address, with any answer. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return true;
  } catch {
    return false; // no server listens yet
  }
}

/** A folder of a service's own that goes when the stack is disposed of. */
export async function ownFolder(stack: AsyncDisposableStack, name: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: `skerry-${name}-` });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // The process has ended already: Deno answers with either of these.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
