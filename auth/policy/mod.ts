/**
 * The policy: which principal may do what in which repository.
 *
 * @module
 */
export { areGrants, EVERYTHING } from "./grants.ts";
export { createPolicy } from "./policy.ts";
export { parseSubject } from "./subject.ts";
