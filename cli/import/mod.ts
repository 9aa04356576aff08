/**
 * Import of the storage of another registry: zot, or CNCF distribution.
 *
 * @module
 */
export { type ImportCommand, importCommand } from "./import_command.ts";
export { readSourcePlace } from "./import_options.ts";
