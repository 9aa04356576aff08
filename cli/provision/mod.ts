/**
 * Commands that test or create a bucket and a table at AWS. Loads the AWS SDK.
 *
 * @module
 */
export { assertCredentials, assertReachable } from "./aws_reach.ts";
export { check } from "./check.ts";
export { provision } from "./provision.ts";
