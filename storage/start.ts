/**
 * Parts of the storage that a process needs before its first answer: errors, timeouts and clocks.
 *
 * @module
 */
export { CLOCK_SKEW_MS } from "./clock_skew.ts";
export { isOutOfDescriptors, StorageFullError, UnavailableError } from "./errors.ts";
export { steadyClock } from "./steady_clock.ts";
export { withTimeout } from "./timeout.ts";
