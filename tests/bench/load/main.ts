/**
 * The load generator: does the task that its arguments name and prints what came of it as JSON.
 *
 * @module
 */

import * as tasks from "./tasks.ts";

const [name, options] = Deno.args;
const task = Object.entries(tasks).find(([key]) => key === name)?.[1] as
  | ((options: unknown) => Promise<unknown>)
  | undefined;
if (task === undefined || options === undefined) throw new TypeError(`Cannot do "${name}"`);
console.log(JSON.stringify(await task(JSON.parse(options)) ?? null));
