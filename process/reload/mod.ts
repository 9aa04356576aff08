/**
 * Reload of the configuration. Loaded by the first reload, and where there are files to watch.
 *
 * @module
 */
export { type Prepared, Reloader, type ReloaderOptions } from "./reloader.ts";
