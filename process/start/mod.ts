/**
 * Permissions of a process that serves, and the end of what `npx` has started, for the other rooms of `process/` and for
 * commands. `start.ts` is a program.
 *
 * @module
 */
export { stopWithNpx } from "./npx.ts";
export { type NotifySockets, notifySockets, serviceOptions } from "./service_options.ts";
export { startOptions } from "./start_options.ts";
