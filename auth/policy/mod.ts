/**
 * The policy: which principal may do what in which repository.
 *
 * @module
 */
export { areGrants, EVERYTHING } from "./grants.ts";
export { createPolicy, type Policy } from "./policy.ts";
export { parseSubject, type SubjectParts } from "./subject.ts";
