import { fileURLToPath } from "node:url";
import { linesOf } from "../faults/control.ts";
import { PORTS, PORTS_VARIABLE } from "../harness/ports.ts";
import type { Stage } from "../junit/tally.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Test files and folders of each lane, from the root of the project, by the lane's name. */
export type Lanes = Readonly<Record<string, readonly string[]>>;

/**
 * Runs the tests of all lanes at the same time, each lane in a process of its own and with its own part of the ports.
 * A failed lane ends no other.
 *
 * @param options More options of `deno test`.
 * @param print Is told each line of output, which begins with the name of its lane.
 */
export async function runLanes(
  lanes: Lanes,
  options: readonly string[],
  print: (line: string) => void,
): Promise<Stage[]> {
  const folder = await Deno.makeTempDir({ prefix: "skerry-lanes-" });
  const count = Object.keys(lanes).length;
  const size = Math.floor((PORTS.end - PORTS.first) / count);

  async function run([name, paths]: [string, readonly string[]], index: number): Promise<Stage> {
    const report = `${folder}/${name}.xml`;
    const first = PORTS.first + index * size;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        // The gate has checked the types of all files.
        ...["test", "--lock=tests/deno.lock", "--allow-all", "--no-check", `--junit-path=${report}`],
        ...options,
        ...paths,
      ],
      cwd: ROOT,
      env: { [PORTS_VARIABLE]: `${first}-${first + size}` },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const printed = [child.stdout, child.stderr].map(async (stream) => {
      for await (const line of linesOf(stream)) print(`[${name}] ${line}`);
    });
    const [{ code: exitCode }] = await Promise.all([child.status, ...printed]);
    const junit = await Deno.readTextFile(report).catch(() => undefined);
    return { name, exitCode, junit };
  }

  const stages = await Promise.all(Object.entries(lanes).map(run));
  await Deno.remove(folder, { recursive: true });
  return stages;
}
