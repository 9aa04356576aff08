/**
 * Parts of the process that the start needs at once. It exports from the files themselves: each further module costs
 * time at every start. The doors in `open/` are loaded when they are needed.
 *
 * @module
 */
export type { ConnectionLimits } from "./connections/connection_limits.ts";
export { serve, type Server, type ServerOptions } from "./connections/server.ts";
export type { LineWriterOptions, Output } from "./log/line_writer.ts";
export { createLog, type Fields, type Log, type LogOptions } from "./log/log.ts";
export { plainField, plainLines } from "./log/plain_text.ts";
export { type Cron, registerUpkeep } from "./upkeep/platform_cron.ts";
export { fail, type Opener, type Part } from "./opener.ts";
export { type ReloadingOptions, reloadOnChange } from "./reloading.ts";
export { type Serving, startServing } from "./serving.ts";
export { announce, logFor } from "./startup.ts";
