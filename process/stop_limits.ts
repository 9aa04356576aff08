import type { Config } from "../config/mod.ts";

/** Maximum milliseconds of a stop by SIGINT: Deno Deploy kills the process 5 s after it. */
const SIGINT_LIMIT_MS = 4500;

/** Maximum milliseconds for storing the received bytes of uploads and for the last answers. */
const MAX_ENDING_MS = 5000;

/** Milliseconds that the requests in progress have after the drain before they are aborted. */
export function requestLimitOf({ shutdownTimeout }: Config, signal: Deno.Signal): number {
  return signal === "SIGINT" ? Math.min(shutdownTimeout, SIGINT_LIMIT_MS) : shutdownTimeout;
}

/**
 * Milliseconds after which a stop with this limit ends the request bodies that are still arriving. An upload keeps the
 * received bytes, and the rest of the time is for storing them and for the answers.
 */
export function bodyLimitOf(limit: number): number {
  return limit - Math.min(limit / 3, MAX_ENDING_MS);
}
