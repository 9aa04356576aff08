/**
 * The log of the process, for the other rooms of `process/`.
 *
 * @module
 */
export { createLog, type Log } from "./log.ts";
