/** Milliseconds between two checks that `npx` still runs. */
const PARENT_INTERVAL_MS = 1000;

/**
 * Calls `stop` once if `npx` has started this process's `deno task` and ends. `npx` hands no signal on: when it is ended,
 * it leaves `deno task` behind, and a server on its port. So the parent of `deno task` is watched.
 */
export function stopWithNpx(stop: () => void): void {
  if (Deno.env.get("npm_command") !== "exec") return;
  const task = Deno.ppid;
  const parent = parentOf(task);
  const timer = setInterval(() => {
    if (Deno.ppid === task && parentOf(task) === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_INTERVAL_MS);
}

/** Parent of a process; undefined if the system does not tell. */
function parentOf(pid: number): string | undefined {
  if (Deno.build.os === "windows") return undefined;
  try {
    if (Deno.build.os === "linux") {
      // The name of the program stands before it in parentheses, and may have any character in it.
      return /^.*\) \S (\d+)/s.exec(Deno.readTextFileSync(`/proc/${pid}/stat`))?.[1];
    }
    const { stdout } = new Deno.Command("ps", { args: ["-o", "ppid=", "-p", `${pid}`] }).outputSync();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return undefined;
  }
}
