/**
 * Background work of the process. The start loads `platform_cron.ts` by itself, because `upkeep.ts` loads the registry.
 *
 * @module
 */
export { startSweeper } from "./repeat.ts";
export { startUpkeep, type Upkeep, type UpkeepWork } from "./upkeep.ts";
