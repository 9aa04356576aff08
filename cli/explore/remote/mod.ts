/**
 * The API at a running registry, as an account.
 *
 * @module
 */
export { openRemoteSource, type RemoteOptions } from "./remote_source.ts";
