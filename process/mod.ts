/**
 * Parts of the process that the start needs at once. `open_registry.ts`, `open_storage.ts` and `open_access.ts` are loaded when they are needed.
 *
 * @module
 */
export type { ConnectionLimits } from "./connection_limits.ts";
export type { LineWriterOptions, Output } from "./line_writer.ts";
export { createLog, type Fields, type Log, type LogOptions } from "./log.ts";
export { plainField, plainLines } from "./plain_text.ts";
export { type Cron, registerUpkeep } from "./platform_cron.ts";
export { serve, type Server, type ServerOptions } from "./server.ts";
