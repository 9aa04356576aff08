/**
 * systemd as the first process of a container, for tests of units. It has the programs of this machine (`/usr`), its
 * network, and an empty `/etc` and `/var`. Needs root.
 *
 * @module
 */
import { tool } from "../tools/tool.ts";

/** Maximum milliseconds of a command. */
const COMMAND_DEADLINE_MS = 60_000;

/** Maximum milliseconds from the start of systemd until it has reached its target. */
const BOOT_DEADLINE_MS = 60_000;

/** Milliseconds for an orderly end before the container is killed. */
const STOP_DEADLINE_MS = 15_000;

/** A target that needs no service of the machine, so that none of those that it has installed is started. */
const TARGET = "[Unit]\nDescription=Test\nRequires=sysinit.target\nAfter=sysinit.target\n";

/** Exit code of a command, and all that it has printed. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** A running systemd. Disposing of it ends every process in it. */
export interface Machine extends AsyncDisposable {
  /** Runs a command inside. */
  outcome(...command: string[]): Promise<Outcome>;
  /**
   * Runs a command inside and returns its output.
   *
   * @throws {Error} if it fails, with its output and the journal.
   */
  run(...command: string[]): Promise<string>;
}

/**
 * Boots systemd.
 *
 * @param mounts Files and folders of this machine by their path in the container, where they are read-only.
 * @throws {Error} if it does not come up.
 */
export async function bootSystemd(mounts: Readonly<Record<string, string>>): Promise<Machine> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "skerry-systemd-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/test.target`, TARGET);
  const all = { "/etc/systemd/system/test.target": `${folder}/test.target`, ...mounts };
  const child = new Deno.Command(await tool("systemd-nspawn"), {
    args: [
      ...["--directory=/", "--volatile=yes", "--boot", "--register=no", "--keep-unit", "--console=pipe"],
      `--machine=${folder.slice(folder.lastIndexOf("/") + 1)}`,
      ...Object.entries(all).map(([path, source]) => `--bind-ro=${escaped(source)}:${escaped(path)}`),
      "systemd.unit=test.target",
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  stack.defer(() => stop(child));

  const enter = async (command: string[]) => {
    const leader = await leaderOf(child.pid);
    return await outcomeOf("nsenter", [`--target=${leader}`, "--all", "--", ...command]);
  };
  const deadline = Date.now() + BOOT_DEADLINE_MS;
  while ((await enter(["systemctl", "is-active", "test.target"])).output !== "active\n") {
    if (Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
    else throw new Error(`Cannot boot systemd: ${textOf((await stop(child), await output))}`);
  }
  const kept = stack.move();
  return {
    outcome: (...command) => enter(command),
    async run(...command) {
      const { code, output } = await enter(command);
      if (code === 0) return output;
      const journal = (await enter(["journalctl", "--no-pager", "--lines=60"])).output;
      throw new Error(`Cannot run "${command.join(" ")}": exit code ${code}\n${output}\n${journal}`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Process id of the container's first process; 0 while there is none. */
async function leaderOf(pid: number): Promise<number> {
  try {
    return Number((await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim().split(" ")[0]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function stop(child: Deno.ChildProcess): Promise<void> {
  // Ends the container at once: systemd would first stop every unit.
  const leader = await leaderOf(child.pid);
  if (leader > 0) Deno.kill(leader, "SIGKILL");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  await child.status;
  clearTimeout(timer);
}

/** Runs a program of this machine. */
export async function outcomeOf(program: string, args: string[]): Promise<Outcome> {
  const output = await new Deno.Command(program, {
    args,
    env: { SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "", LANG: "C.UTF-8" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(COMMAND_DEADLINE_MS),
  }).output();
  return { code: output.code, output: textOf(output) };
}

function textOf({ stdout, stderr }: Deno.CommandOutput): string {
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** A path in an option of systemd-nspawn, which separates paths by colons. */
function escaped(path: string): string {
  return path.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
}
