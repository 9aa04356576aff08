import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const LOCK = fileURLToPath(new URL("../../../tests/deno.lock", import.meta.url));

/** Maximum milliseconds of {@linkcode until}. */
const DEADLINE_MS = 120_000;

/** Time for a task to stop after SIGTERM, in milliseconds. */
const STOP_DEADLINE_MS = 30_000;

/** A running `deno task cluster`. Disposing of it stops it. */
export interface Task extends AsyncDisposable {
  /** Address of the balancer. */
  readonly url: string;
  readonly replicas: readonly { readonly number: number; readonly url: string; readonly pid: number }[];
  /** Addresses of the S3 server and the DynamoDB server. */
  readonly stores: readonly string[];
  /** Folder of the content and the logs. */
  readonly folder: string;
  /** Resolves to the exit code. */
  readonly code: Promise<number>;
  /** Text that it has printed so far. */
  output(): string;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
}

/**
 * Starts the program of `deno task cluster` with these options on free ports, and waits until it is ready. With "npx"
 * among them a shell takes the place of `npx` and `deno task`, and gets the signals.
 *
 * @throws {Error} if it ends instead.
 */
export async function startTask(...options: string[]): Promise<Task> {
  const withNpx = options.includes("npx");
  const program = ["run", "--lock", LOCK, "--allow-all", MAIN, "--port=0"];
  const args = [...program, ...options.filter((option) => option !== "npx")];
  const child = new Deno.Command(withNpx ? "sh" : Deno.execPath(), {
    // The inner shell is `deno task`, and the outer one npx. Neither may make way for its last command.
    args: withNpx ? ["-c", `sh -c '"$@"; exit $?' sh "$@"; exit $?`, "npx", Deno.execPath(), ...args] : args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...(withNpx && { npm_command: "exec" }) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const drained = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) output += text;
  }));
  let ended = false;
  const code = drained.then(() => child.status).then((status) => {
    ended = true;
    return status.code;
  });
  await until(() => ended || output.includes("Below: "));
  if (ended) throw new Error(`Cannot start the cluster:\n${output}`);
  return {
    url: /balancer +(http:\S+)/.exec(output)![1]!,
    replicas: [...output.matchAll(/replica (\d+) +(http:\S+) .* kill -9 (\d+)/g)].map((
      [, number, url, pid],
    ) => ({ number: Number(number), url: url!, pid: Number(pid) })),
    stores: [...output.matchAll(/(?:S3|DynamoDB) +(http:\S+)/g)].map(([, url]) => url!),
    folder: /Logs are in (\S+)\. /.exec(output)![1]!,
    code,
    output: () => output,
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended already
      }
      // Processes that outlive it hold its output open.
      let timer: ReturnType<typeof setTimeout>;
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
          () => reject(new Error(`The cluster does not stop:\n${output}`)),
          STOP_DEADLINE_MS,
        );
      });
      await Promise.race([code, late]).finally(() => clearTimeout(timer));
    },
  };
}

/** Waits until `condition` is true. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`Not true after ${DEADLINE_MS} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
