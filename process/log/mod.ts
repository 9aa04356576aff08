/**
 * The log of the process, for the other rooms of `process/`.
 *
 * @module
 */
export { createLog, type Log } from "./log.ts";
export { plainLines } from "./plain_text.ts";
export type { Output } from "./line_writer.ts";
