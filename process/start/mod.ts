/**
 * Permissions of a process that serves, for the other rooms of `process/`. `start.ts` is a program.
 *
 * @module
 */
export { startOptions } from "./start_options.ts";
