/**
 * Background work: shared by leases, paced between requests.
 *
 * @module
 */
export { Lease } from "./lease.ts";
export { type Paced, paced } from "./paced.ts";
export { shuffled, throwFailures, workOff } from "./work_off.ts";
