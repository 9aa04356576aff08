/**
 * Load from a process of its own, so that clients and servers share neither thread nor memory.
 *
 * @module
 */

import type * as tasks from "./tasks.ts";

type Tasks = typeof tasks;

/** Does a task of `tasks.ts` in a process of its own, and answers what came of it. */
export async function load<Name extends keyof Tasks>(
  name: Name,
  options: Parameters<Tasks[Name]>[0],
): Promise<Awaited<ReturnType<Tasks[Name]>>> {
  const main = new URL("main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", main, name],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // Not as an argument: there may be more paths than an argument can hold.
  const sent = new Blob([JSON.stringify(options)]).stream().pipeTo(child.stdin);
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), sent]);
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot do "${name}":\n${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout));
}
