/**
 * Limits of logins and requests, and the addresses that they count by.
 *
 * @module
 */
export { FailedLogins, type Login } from "./failed_logins.ts";
export { LoginLanes } from "./login_lanes.ts";
export { networkOf } from "./network.ts";
export { tooManyLogins } from "./too_many_logins.ts";
