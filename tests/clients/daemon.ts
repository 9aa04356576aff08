import { tool, type ToolName } from "../tools/tool.ts";
import { clientEnv, type Workbench } from "./workbench.ts";

/** Maximum time until a daemon answers, in milliseconds. */
const START_DEADLINE_MS = 120_000;

/** Time for a daemon to stop before it is killed, in milliseconds. */
const STOP_DEADLINE_MS = 20_000;

/**
 * Starts a daemon of a client and waits until `ready` holds. Disposing of it stops it and waits for its end.
 *
 * The daemon mounts where only it can see it (unshare(1)): what it leaves mounted goes with it and never keeps the
 * workbench from being removed.
 *
 * @throws {Error} When it ends or stays silent instead; the message holds its log.
 */
export async function startDaemon(
  bench: Workbench,
  name: ToolName,
  args: string[],
  ready: () => Promise<boolean>,
): Promise<AsyncDisposable> {
  const child = new Deno.Command("unshare", {
    args: ["--mount", "--propagation", "private", "--", await tool(name), ...args],
    clearEnv: true,
    env: clientEnv(bench.folder),
    cwd: bench.folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let log = "";
  const drained = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) log += text;
  }));
  let ended = false;
  const end = drained.then(() => child.status).finally(() => ended = true);

  async function stop(): Promise<void> {
    if (!ended) child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
    await end;
    clearTimeout(timer);
  }

  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await ready())) {
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Error(`Cannot start ${name}: it ${ended ? "ended" : "gave no answer"}\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { [Symbol.asyncDispose]: stop };
}
