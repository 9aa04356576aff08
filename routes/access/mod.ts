/**
 * Required access of each request. `guard.ts`, which authenticates and authorizes, is loaded only if access is
 * configured.
 *
 * @module
 */
export { type Access, type Client, UNAUTHENTICATED_CALLER } from "./access.ts";
export { audited } from "./audit.ts";
export { basicChallenge, type Challenge, createChallenge, type TokenError } from "./challenge.ts";
export { deferredAccess } from "./deferred_access.ts";
export { type Demand, type Requirement, requirementOf } from "./requirement.ts";
