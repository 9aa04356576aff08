/**
 * Reads of the table for pages: facts that no request of the specification needs.
 *
 * @module
 */
export { createExplorer } from "./create_explorer.ts";
export type * from "./explorer.ts";
