/**
 * The load generator: does the task that its argument names, with the options that come as JSON, and prints what came of
 * it as JSON.
 *
 * @module
 */

import * as tasks from "./tasks.ts";

const [name] = Deno.args;
const task = Object.entries(tasks).find(([key]) => key === name)?.[1] as
  | ((options: unknown) => Promise<unknown>)
  | undefined;
if (task === undefined) throw new TypeError(`Cannot do "${name}"`);
const options = await new Response(Deno.stdin.readable).json();
console.log(JSON.stringify(await task(options) ?? null));
