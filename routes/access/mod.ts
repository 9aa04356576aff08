/**
 * Who asks, and what a request needs. What finds out who asks is `guard.ts`, which is loaded where access is configured.
 *
 * @module
 */
export { type Access, type Client, PASSER_BY } from "./access.ts";
export { audited } from "./audit.ts";
export { basicChallenge, type Challenge, createChallenge } from "./challenge.ts";
export { type Demand, type Requirement, requirementOf } from "./requirement.ts";
