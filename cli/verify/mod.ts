/**
 * The command that verifies the signatures of a manifest.
 *
 * @module
 */
export { readImage, verifyCommand, type VerifyCommandOptions } from "./verify.ts";
