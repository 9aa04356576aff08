import { fileURLToPath } from "node:url";

/** The top folder of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Signal that stops a process. After SIGTERM a replica would go on for `SKERRY_DRAIN`, for other balancers. */
const STOP_SIGNAL: Deno.Signal = Deno.build.os === "windows" ? "SIGTERM" : "SIGINT";

/** Time for a process to stop after the signal before it is killed, in milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** A process of the cluster. */
export interface Child {
  /** Process id. */
  readonly pid: number;
  /** Resolves when the process has ended and its log is complete. */
  readonly status: Promise<Deno.CommandStatus>;
  /** The last lines of its log. */
  lastLines(): string;
  /** Stops it, and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Starts `deno run` with these arguments. What it writes is appended to a file.
 *
 * @param seen Called with each piece of text that it writes.
 */
export async function startChild(
  args: readonly string[],
  env: Record<string, string>,
  logFile: string,
  seen: (text: string) => void = () => {},
): Promise<Child> {
  const log = await Deno.open(logFile, { create: true, append: true });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    cwd: ROOT,
    clearEnv: true,
    env,
    stdin: "piped", // ends when this process ends, however it ends: see `endWithParent`
    stdout: "piped",
    stderr: "piped",
    // A terminal sends Ctrl+C to the whole process group. The stores must not end before the replicas.
    detached: Deno.build.os !== "windows",
  }).spawn();
  let tail = "";
  const drained = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const bytes of stream) {
      log.writeSync(bytes);
      const text = new TextDecoder().decode(bytes);
      tail = (tail + text).slice(-2000);
      seen(text);
    }
  }));
  const status = drained.then(() => child.status).finally(() => log.close());
  return {
    pid: child.pid,
    status,
    lastLines: () => tail.trimEnd().split("\n").slice(-5).join("\n"),
    async stop() {
      send(child, STOP_SIGNAL);
      const timer = setTimeout(() => send(child, "SIGKILL"), STOP_DEADLINE_MS);
      await status;
      clearTimeout(timer);
    },
  };
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // The process has ended already: Deno answers with either of these.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Ends this process when its parent ends, even by SIGKILL. */
export async function endWithParent(): Promise<never> {
  await Deno.stdin.readable.pipeTo(new WritableStream()).catch(() => {});
  Deno.exit(1);
}
