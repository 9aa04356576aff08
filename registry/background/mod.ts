/**
 * Background work: shared by leases, paced between requests.
 *
 * @module
 */
export { Lease } from "./lease.ts";
export { Pace } from "./pace.ts";
export { shuffled, throwFailures, workOff } from "./work_off.ts";
