/**
 * Permissions of a process that serves, for the other rooms of `process/` and for commands. `start.ts` is a program.
 *
 * @module
 */
export { type NotifySockets, notifySockets, serviceOptions } from "./service_options.ts";
export { startOptions } from "./start_options.ts";
